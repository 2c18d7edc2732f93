<?php
// PHP's own SoapClient: `php client.php WSDL VERSION OPERATION JSON` prints the result, or the fault, as JSON.
ini_set('soap.wsdl_cache_enabled', '0');
[, $wsdl, $version, $operation, $arguments] = $argv;
$client = new SoapClient($wsdl, ['soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1, 'cache_wsdl' => WSDL_CACHE_NONE]);
try {
    echo json_encode($client->__soapCall($operation, [json_decode($arguments, true)]));
} catch (SoapFault $fault) {
    echo json_encode(['code' => $fault->faultcode, 'string' => $fault->faultstring, 'detail' => $fault->detail ?? null]);
}
