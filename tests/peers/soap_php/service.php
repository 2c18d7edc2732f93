<?php
// PHP's own SoapServer on a WSDL written by hand: sums, but 13 brings bad luck. Run by `php -S`, for every request anew.
ini_set('soap.wsdl_cache_enabled', '0');
$wsdl = str_replace('LOCATION', 'http://' . $_SERVER['HTTP_HOST'] . '/', file_get_contents(__DIR__ . '/service.wsdl'));
if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    header('Content-Type: text/xml; charset=utf-8');
    echo $wsdl;
    return;
}
if ($_SERVER['REQUEST_URI'] === '/private' && ($_SERVER['PHP_AUTH_PW'] ?? '') !== 'SEKRET') {
    header('WWW-Authenticate: Basic realm="soap"', true, 401);
    return;
}

class Calculator
{
    private string $user = 'nobody';

    public function Security($token): void
    {
        $this->user = $token->UsernameToken->Username . ' ' . $token->UsernameToken->Password;
    }

    public function Add($given): array
    {
        if ($given->a == 13) {
            $detail = ['sku' => 'x1', 'left' => 0];
            throw new SoapFault(['urn:rr:php', 'Client.Unlucky'], 'unlucky', null, $detail, 'OutOfStock');
        }
        return ['sum' => $given->a + $given->b];
    }

    public function Who($given): array
    {
        return ['name' => $this->user];
    }
}

$content = file_get_contents('php://input');
$version = str_contains($content, 'http://www.w3.org/2003/05/soap-envelope') ? SOAP_1_2 : SOAP_1_1;
$server = new SoapServer('data://text/xml;base64,' . base64_encode($wsdl), ['soap_version' => $version, 'cache_wsdl' => WSDL_CACHE_NONE]);
$server->setObject(new Calculator());
$server->handle($content);
