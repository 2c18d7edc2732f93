"""The frozen values of an exchange, and the JSON document made of them."""
