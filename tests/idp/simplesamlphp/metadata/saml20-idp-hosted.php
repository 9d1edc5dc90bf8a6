<?php
$bindings = 'urn:oasis:names:tc:SAML:2.0:bindings:';
$oid = 'urn:oid:';
$metadata[getenv('IDP_URL') . '/idp'] = [
    'host' => '__DEFAULT__',
    'auth' => 'people',
    'saml20.sendartifact' => true,
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    'SingleSignOnServiceBinding' => [$bindings . 'HTTP-Redirect', $bindings . 'HTTP-POST'],
    'userid.attribute' => 'uid',
    'authproc' => [
        50 => [
            'class' => 'core:AttributeMap',
            'uid' => $oid . '0.9.2342.19200300.100.1.1',
            'mail' => $oid . '0.9.2342.19200300.100.1.3',
            'displayName' => $oid . '2.16.840.1.113730.3.1.241',
            'isMemberOf' => $oid . '1.3.6.1.4.1.5923.1.5.1.1',
        ],
    ],
];
