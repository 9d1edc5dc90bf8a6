<?php
$config = [
    'people' => [
        'exampleauth:UserPass',
        'alice:alice-pw' => [
            'uid' => ['alice'], 'mail' => ['alice@example.org'], 'displayName' => ['Alice Ärmel'],
            'isMemberOf' => ['staff', 'admins'],
        ],
        'bob:bob-pw' => [
            'uid' => ['bob'], 'mail' => ['bob@example.org'], 'displayName' => ['Bob'],
            'isMemberOf' => ['students'],
        ],
    ],
];
