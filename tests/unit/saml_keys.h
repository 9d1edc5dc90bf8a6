/*
 * saml_keys.h - keys and certificates of the tests; worth nothing anywhere else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SSO_TESTS_SAML_KEYS_H
#define SSO_TESTS_SAML_KEYS_H

/* Longer than what ISO C promises, not than what our compilers can do. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

/* clang-format off */
#define PEM_CERT(base64) "-----BEGIN CERTIFICATE-----\n" base64 "\n-----END CERTIFICATE-----\n"

#define IDP_CERT_BASE64 \
    "MIICoTCCAYmgAwIBAgIBATANBgkqhkiG9w0BAQsFADATMREwDwYDVQQDDAhpZHAu" \
    "dGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMDYwMDEwMTAwMDAwMFowEzERMA8GA1UE" \
    "AwwIaWRwLnRlc3QwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQC8XxJ5" \
    "tnZUSQEzrZ7lSafwYaTGsASO73L0mNUGwxw42PVtaPBXJfCy9QQ8sz0Y3W2k0sEG" \
    "roAhJvJH5c/tdzS3XjUiPGIZo/Wdd9xU0kZiEMpJHS+lKCJtyuz/q2W4pNUqZF32" \
    "rtYIru3jRnktY7Oa9JkZFNAhg/odsJ/jzsZFhJaeGKFKX85GSBzMPiKHEg8kwkU3" \
    "loC1nzobENrVTnGlqxRN5d7y2+7I4LmtSoCCGox5ck6WSgImh5nAyNRclGcsS9jc" \
    "cdC3rYPnyW8anY6ejeAyWQ5EAwcQ+YQglLOpBB0Rgj/+pAWy3kPaIDerjs3ndj9Q" \
    "h+AysO+OUz2upSsRAgMBAAEwDQYJKoZIhvcNAQELBQADggEBAKmWWEg+8Jt/ySku" \
    "l+cFXXEDMc0I478q/rU/i+6X1uWL3nE8m4oH3PwTNiuTM4mcntQew1vHJZoyt8zU" \
    "yJcUSFBOMgL92YypblxGI1o715bsOgTimEK21VEGxRps84Qq9pz/RAStHYeFG0cx" \
    "Nf3RbRLtafswgvFIEoLVGQ85LlXsW+BUfXsIzmsRK5EIaG5NvHC/uf+LPL+3iw6g" \
    "cAM/1kVcJZxgp2iADi5ZLw7VNNsAIo3KFNdJc5aB4kENCZsnYW/y4TLZCfBuDGM6" \
    "vZ4gYK8vdZMHRekUOC5gVPRzV8eeQs6N7FOOC5wIoErONMhCqw2QWmj9Hfl8SpCW" \
    "GZfHnQM="

#define IDP_KEY_PEM \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC8XxJ5tnZUSQEz\n" \
    "rZ7lSafwYaTGsASO73L0mNUGwxw42PVtaPBXJfCy9QQ8sz0Y3W2k0sEGroAhJvJH\n" \
    "5c/tdzS3XjUiPGIZo/Wdd9xU0kZiEMpJHS+lKCJtyuz/q2W4pNUqZF32rtYIru3j\n" \
    "RnktY7Oa9JkZFNAhg/odsJ/jzsZFhJaeGKFKX85GSBzMPiKHEg8kwkU3loC1nzob\n" \
    "ENrVTnGlqxRN5d7y2+7I4LmtSoCCGox5ck6WSgImh5nAyNRclGcsS9jccdC3rYPn\n" \
    "yW8anY6ejeAyWQ5EAwcQ+YQglLOpBB0Rgj/+pAWy3kPaIDerjs3ndj9Qh+AysO+O\n" \
    "Uz2upSsRAgMBAAECggEABMI4PIPVr6PnfzCcMC5Oxoo3OnZw9C5wmfdU3FsxZG6u\n" \
    "ZoztSkN1fzq22HAk4Tv2gSnDr4FrPbjgC6Zus76TOL7NMZyJ1AoQyTOhbWghfI05\n" \
    "iLbPXDbZ84WaBXopqjnuWoOOFNeXgNNweqzSxRIYU/yfqseTJOGbrZ/VQH61S8VR\n" \
    "uWfNDCD5N+Nhdkq8EQ6IoAPsdLKq8ImZXgPTKBTfJ/VclHX6FfjIL1cXDbKQCj4o\n" \
    "P5HFL9JQmIzF74mtDylAZhRamO68MCqWK/Rix0Ni2e0F3qKTisI/ey+EwxL4uRmn\n" \
    "bI8dH5r7GUY07oKUI6Ydb0ONUospIiuoVooEsIJCdQKBgQD02OLBjVZSoBvE4fL1\n" \
    "DCUPVKble9Dzq9JkQUeSxyMAW6GEw35SwfUW9MUdDKWN9tXzh1s7kAJkMnvy6gI6\n" \
    "LVajL4ZRvop1a653TjlYZXgApAYOwlECqo7xUoahxzkVL9/S1EYYX5P72sLVOCIF\n" \
    "9MtF9VkGwfUnQqGDsyaJ2pFwdQKBgQDE86INoQkTbjG+zwhRd/Bx2Pq2soZThjlU\n" \
    "0HC526hnhjpzIiqsR0Es+bjpGzvZC1Kz8rYW9XVZcRYhPmFL0eBbTdbj7lUZsgdy\n" \
    "N0ct+78oaxtRnWDbKo2C7PxYArsug0ntOITAR9qfS4QQyns1Vw4dOQo0hC7DLiF3\n" \
    "kPcce+X8rQKBgQDcYFYAVeFLbxZvZ9tQ2gSFPvEU/hN9LrqoR+VO4/PJ/69qGrcZ\n" \
    "b7/UUK0Vz2s3UuMRVVQ1URIF8zaC1kL48BPZvw3Lh4+BzlDyyzJsMLAJC5j0McvO\n" \
    "dYtBA8Fv3SuwuS1gynTovSYp+qWAWgythb5sEj92CJ9KHfvX2SinzVU4fQKBgGBe\n" \
    "5njMx2gej3DSVTun+Jt8lJE5IclU8FCz/bSz6t9dKtSTb1YFN7sOJpDJpqs5gypS\n" \
    "JQ9u5BDz6OQzZeB3vdRvbirxv+pm1oXozoeNm6fnYOK6o14aoEvkMkXOcFD+JPpS\n" \
    "oYKEplEz3ldo/IjJJDrgYkH4O/l9ZRrgcEobxhmxAoGAQC/b6pPbb/LXm2QCf5E3\n" \
    "oEi3IcWxfmas57EiJOX+Zfc5TPZn+jFKjKgArGStkcYoEzYxaaY2ABB+9ibzUZ71\n" \
    "rIQ+Yn6WfxKMvCt9HKXn7vZ8xysq3gcVQv+q1tJ9lfdCQxVn2uaubP6arBIQ191M\n" \
    "fdZ8Vcvaso4hkyS5MqIg/+o=\n" \
    "-----END PRIVATE KEY-----\n"

#define OTHER_CERT_BASE64 \
    "MIICpTCCAY2gAwIBAgIBATANBgkqhkiG9w0BAQsFADAVMRMwEQYDVQQDDApvdGhl" \
    "ci50ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIwNjAwMTAxMDAwMDAwWjAVMRMwEQYD" \
    "VQQDDApvdGhlci50ZXN0MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" \
    "uOvVVQOCHYVoprLFrbbbXnG0RLqhXEuUUCAfkuglI2UoDz80ZyGa/6pektSmqMu8" \
    "ajP0mYqY/UkdI1j2R2hg/WRklQ4OjY17AZN6XqgcDLfFPYXJVY8doC+xxgTvoJXB" \
    "d11Kv+i+PzhioSfK2Cjfi68N/MtuB7uiZVCEtEe0aYXY6HxHoZJQFA7uhcN599l1" \
    "mcWIW+dz3AWLsMZXEAvoKFRjkSTx3wB0ZDYVdBTpkvOruKCSX5mXtHsAfdOiEaxQ" \
    "q8WrXmFRpiJEZE2Lc4bL61bEDqJ2a4/5jRSfccrOOY4qsz2p0feOmCeN25gVQUfE" \
    "EwkcKcAh7mRUMsDj+ty/tQIDAQABMA0GCSqGSIb3DQEBCwUAA4IBAQCpAxY41TeE" \
    "GkcB1epddMbz9LIvPcNH2M8giBGonL4fTyYwvNe7RiRJ2PH17vD/IN2UjSpChMHc" \
    "n9eKOHdPC6slo6lUeB8GSHqmOReGr0KdKNCEQ+zDN0tL41qYgO36RjBs4tKxRsHQ" \
    "J7bYBWFEUEuvwU2sImLYb8XvyH9y3+Mlcjakn43Dcf8L3F6DHk0JSpRlsZgxQkxP" \
    "LbxBb4LVHPOXigbVp3z/viK6oBpe5Htzhoh60EZDn4R77DUryZYxDWD7QIUlwfAk" \
    "8lsP05TFNg6dDiBLYu+v1NNh0ndbQ9jRb+mS5D4nY9Y7Aj3Zw8i94iI6iiY+TbMq" \
    "KEs+O0lxp+qB"

#define OTHER_KEY_PEM \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC469VVA4IdhWim\n" \
    "ssWttttecbREuqFcS5RQIB+S6CUjZSgPPzRnIZr/ql6S1Kaoy7xqM/SZipj9SR0j\n" \
    "WPZHaGD9ZGSVDg6NjXsBk3peqBwMt8U9hclVjx2gL7HGBO+glcF3XUq/6L4/OGKh\n" \
    "J8rYKN+Lrw38y24Hu6JlUIS0R7RphdjofEehklAUDu6Fw3n32XWZxYhb53PcBYuw\n" \
    "xlcQC+goVGORJPHfAHRkNhV0FOmS86u4oJJfmZe0ewB906IRrFCrxateYVGmIkRk\n" \
    "TYtzhsvrVsQOonZrj/mNFJ9xys45jiqzPanR946YJ43bmBVBR8QTCRwpwCHuZFQy\n" \
    "wOP63L+1AgMBAAECggEAJG+LVDnhvFFaAmZ9HrJF3QEIZPZk7tuReIwrzHVjQ+sd\n" \
    "jouElsF/WdrG0aWGxQGHuWFNU6eEZ3utexZ/SCif262ZR+lCIs/6qZ/WX6o+BJ99\n" \
    "BJdEyU/upW5gV8UHNhvrx8og/VktiyVgAaLmi9rZ2Rr/5YxrvKhS4iWQUDlEqfm4\n" \
    "rA0h78PxNycHSsfBX7EYHy4Qr4HtbCYlSZ22DjfewtoqZUm/WLy28KwlFGRdxbb6\n" \
    "2R1J1w/PbljcloJkV6sAnEZO0amFx0NZgVJVdwrsyiqDaab0HlqOthu4XUnCKE3v\n" \
    "7rYimqnSyaJmxw2mtKCLbaPgCEbZDAB2now9B2WdgQKBgQDhp0vFVbHPHmdJ8c20\n" \
    "R2OtGEJUycwaxSVjq0K5Buqm/uiZtZD2b2r6pYg/u1SuC+YSkmONEqzXAyVaeZuy\n" \
    "239vFAiByxRJ2FApefbG1tV2vIJIaYK+421H30GVmWBkCjh3n26djzharCcXJXp3\n" \
    "tUBu7aQkw31cd1UV3tTCwhWqVQKBgQDRyjlAhOVhjhCCGypdZqmHtmHMjHv031/M\n" \
    "/Wzxrbz67WmLGkgZcPhtrv7sh5N7+ho3MTf8boj7zsTUCvCHHATyvGCJyWBuLzfk\n" \
    "JT39s1hNVJcxRzm7WhaotHUJ8b/kKrGfjoYqPXcH69HTwsZ9SUXhG1ZNasNy6rVY\n" \
    "PSVzwqrf4QKBgA9fp4DlSrzytFTMXZhnuLnFSleefAJi5h45P819VCVWfqBiR2MS\n" \
    "yjYTawn0iFtnQiCHyrKE0DPB6hyU5m+0FqWJtt6o6FPzodqBjbeUUWzKgRHP5nF8\n" \
    "6ygXZM99aJzIOXqk6RNg+5Tp36vrCMH5Hk+wbxt2GidflfNsgBBYysMVAoGAZPZh\n" \
    "nz9V9SEdqL/SH6kspXeMkZh6f1qRDGJab+UhMdHYHW3EjRnlNUQmw0ZsIBo5S56Q\n" \
    "RxgbLLRR3Yp2P0+owfkOrMERe3WV/GI/9zy8nlq7eKfCjPvKM97FBMgnhXNWkGdT\n" \
    "Ajkac+F11efDBsCgtLknS5K6BTAXniOvRorFGYECgYEA4ByRndqWxmHQ5P4m/ibp\n" \
    "pWddYCGsIYUmJ0W4r7k3s/sJJZNgCHI/8zlDxCYXwBKrYdB5tPJoAZ0qgtkLu+li\n" \
    "M0lm4FPvZUihV2mlgGq593Dzm5p8DHl2ZAa7Xvn272BVa9POalNVbetyB3Nt0TAI\n" \
    "iss2WV2XW/DuFdzLC0kfhao=\n" \
    "-----END PRIVATE KEY-----\n"

#define SP_CERT_BASE64 \
    "MIICnzCCAYegAwIBAgIBATANBgkqhkiG9w0BAQsFADASMRAwDgYDVQQDDAdzcC50" \
    "ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIwNjAwMTAxMDAwMDAwWjASMRAwDgYDVQQD" \
    "DAdzcC50ZXN0MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr/bdcpA3" \
    "+V9sZ4RX+sxDHAHxIt/Y5KOMM67KTU68lp6ihEiFuAyZavCAYTtWS3yQ2L7wSzP5" \
    "n7IC6bg5F02UlTAEgZeXFZlt3yke2Pl1nU5/2aULhVMFrUd/2miTgwkZ2iU5RDrV" \
    "NSt0ebk2cClpSUlkRP9Gopv0RWQojzrtUGGuh1M3fFlrnz5nMc+WeeFE8enJ63de" \
    "9YZ9ikWW0SvxOvZ3JUNi4ua8E6EN+aOLW3pziTpey1+pdHGQYcf7Hvb4uFftHAXU" \
    "a/UtsCvj+6pxxO0U2E96/4aTDczW5qIsvdOl5AVHmfAaQLtyOv4ykxZwULi8yzZ8" \
    "S7eC5ZFWn8gNOwIDAQABMA0GCSqGSIb3DQEBCwUAA4IBAQArYbovTQuRLbViuFV9" \
    "wosz02h2Vd5nf+jNvZiWlMtmnDyfzIXabtPgvHnLLwalVx1Fn6St7hJNis5c4kUB" \
    "2j+LIow4FGbfr3me643I58PLfRrgfxLW092UaMu7M1eKX3ZdOUNHKIHZSVdYaAeC" \
    "9YD8MStGbQLBfLPtDo/2mb5RVtVX/Lpqeeo7WOSuK7b3fWBv5OEzMe4c9YwofuDA" \
    "ffw35HpiulqSzcepkgKtAnLHOT7uCyueWYAXwBwJlTo7iMqjVr+JXX9u+DsIXP0y" \
    "j7HZGs7hfTasZOnZ2+bWbPDVe4yb5n0g8sE9mLZKSOW+6NLDuUv8zmIW4bs0kPdH" \
    "GzRU"

#define SP_KEY_PEM \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCv9t1ykDf5X2xn\n" \
    "hFf6zEMcAfEi39jko4wzrspNTryWnqKESIW4DJlq8IBhO1ZLfJDYvvBLM/mfsgLp\n" \
    "uDkXTZSVMASBl5cVmW3fKR7Y+XWdTn/ZpQuFUwWtR3/aaJODCRnaJTlEOtU1K3R5\n" \
    "uTZwKWlJSWRE/0aim/RFZCiPOu1QYa6HUzd8WWufPmcxz5Z54UTx6cnrd171hn2K\n" \
    "RZbRK/E69nclQ2Li5rwToQ35o4tbenOJOl7LX6l0cZBhx/se9vi4V+0cBdRr9S2w\n" \
    "K+P7qnHE7RTYT3r/hpMNzNbmoiy906XkBUeZ8BpAu3I6/jKTFnBQuLzLNnxLt4Ll\n" \
    "kVafyA07AgMBAAECggEAKv0prtJzClZ4unWHtPrwLkh/K+D6MSmPmBTM0cQ5qKaK\n" \
    "17yMBqH1XT3yb066z2hYTsufExBYnN41ffoG4J2Qfj4j67EoNRutzwZRxfpz9IF4\n" \
    "FKkQvnrA+UttfeNsnme7zCKp8fRZoErEgvRvy0kissfeWkjvbcyiCc3lZtCjp649\n" \
    "6wVcSHZEcPUK+l8ghQzWdsIM2JH2JJeMhCv6dzcLMl74sVTNEbvh7vC7ISGkFMbB\n" \
    "T5deC6QSPClOZ4sya9ODLhdnKihsos5XH27J575xAo7BU3Z3/TH7WVBdEsBZGR7q\n" \
    "mqCXnQDBw+egzhuPeCUycz2FZXNhNai1D7E0YwPcQQKBgQDV0ZpBQJWVvx2KVm7f\n" \
    "lrEsLYyV28r9PtvbDhm7CewbUye/83Q7Ts5b6bXOjM2JckKOr4wNCIJ5Od22UuH3\n" \
    "uyvAkEuOtm7l72vdL8LRxHoq2bqUHs/LdBStbS4XmjXjsoYDyWEg31KU1AjZx0Q/\n" \
    "KZrwLQwqBwujkw8Mnjy0ZI0YmwKBgQDSrYQEc1V/MgxdqGMdT2lovAqkeFMSWetT\n" \
    "EnXID486+zs/euMWJFU0AUOmXVSOm4vd59IDPTGtIZgUb7v6jCrJGmZ+oz/wTjdz\n" \
    "rlkoHKxbDIWp3F/DsjwV1F15VCvBj9HmEIyMM6FUjTaGhEDPEuAT70tp9njtI394\n" \
    "fqX38eaX4QKBgHc8qvwGiyR17oBN0Qio3WaYhBSx/FIbcrmG9HxkfSGDzt/xYPkN\n" \
    "6nBBNZzY0mn6qPkvFjfSbggyZ9yb/d2LqEt7bFdKjy90w78WOluGaOZqguzE/fYk\n" \
    "Zr+L6i9JVRIEZU3JSHvvbfsG/2SLBhj/F6MmS+lIAoqWoMbVm16x0ClPAoGBALtU\n" \
    "cokKjMFXHUvCSK9tR0tLuSLZovQ0ZF0vku9bdn55mgsuF/I+SEy/uwmY/3D2un2M\n" \
    "fl9G8H8D2hiB6eI09G5xPSXpvxbMVd5U7w4NwOwMzGVngPef6nF2rc8OmwG4AmnR\n" \
    "2UdpOVDXZ95ghsgZ/ol7Q9FqycgCwnvAEY/Q1rvBAoGARXSluK47zLwJvRTHfECQ\n" \
    "4eEoszRFbrejDsXh77QXOAxrngLaQLev961fahY9D2MUTM2Z+e12j93gu5pbihCE\n" \
    "JRsJZdHRyBrXjLWNDalckWHoWTkmyebd6BVNB+dtv+VCirkGeuccw97vN9DCBT5Y\n" \
    "s56GCD6fw8tJtYGMJAQlvrA=\n" \
    "-----END PRIVATE KEY-----\n"

#define WEAK_CERT_BASE64 \
    "MIIBnjCCAQegAwIBAgIBATANBgkqhkiG9w0BAQsFADAUMRIwEAYDVQQDDAl3ZWFr" \
    "LnRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjA2MDAxMDEwMDAwMDBaMBQxEjAQBgNV" \
    "BAMMCXdlYWsudGVzdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA61cuaYp7" \
    "C73ghQ5KzBv+XdFqDPHakOo3Fzr34EPvKLkjPQEU6ODpjbUP98Ohs9gWVmNFe3/7" \
    "/CDCFkCrqHKmPA74cPmLNPKRd/yzAivD5AxMSiv5uPsInDFzqxVYNmsEaVVVC9dC" \
    "iAG9H8NbyYj7UAr23pi8MnuqiKzDJed90tMCAwEAATANBgkqhkiG9w0BAQsFAAOB" \
    "gQA1tMBHWjOLWKvr4PgedhgJiuAcGAdshGLmhkODjD/N2ivhwZz7sA/pIAQ640eG" \
    "3DuJEy/ifX/IGILsaIUB3mAb+UEMPA1XZlSQgqGMkOKEFs/bl09mV0dBzd1uLu2f" \
    "GQbXOx4OUuGfaoZDSBUOa2qEIuXLJJ+tZKmVu2QEXe48hg=="

#define SOON_CERT_BASE64 \
    "MIICoTCCAYmgAwIBAgIBATANBgkqhkiG9w0BAQsFADAUMRIwEAYDVQQDDAlzb29u" \
    "LnRlc3QwHhcNMjAwMTAxMDAwMDAwWhcNMjYxMjAxMDAwMDAwWjAUMRIwEAYDVQQD" \
    "DAlzb29uLnRlc3QwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQC8XxJ5" \
    "tnZUSQEzrZ7lSafwYaTGsASO73L0mNUGwxw42PVtaPBXJfCy9QQ8sz0Y3W2k0sEG" \
    "roAhJvJH5c/tdzS3XjUiPGIZo/Wdd9xU0kZiEMpJHS+lKCJtyuz/q2W4pNUqZF32" \
    "rtYIru3jRnktY7Oa9JkZFNAhg/odsJ/jzsZFhJaeGKFKX85GSBzMPiKHEg8kwkU3" \
    "loC1nzobENrVTnGlqxRN5d7y2+7I4LmtSoCCGox5ck6WSgImh5nAyNRclGcsS9jc" \
    "cdC3rYPnyW8anY6ejeAyWQ5EAwcQ+YQglLOpBB0Rgj/+pAWy3kPaIDerjs3ndj9Q" \
    "h+AysO+OUz2upSsRAgMBAAEwDQYJKoZIhvcNAQELBQADggEBAHZxqr0Bpno1opg+" \
    "/+Fx1tCZ/sH9jY+gRhqrl8tMUGJVPbyYbkieXvCC5NsQwQHK+6Q9KpPJFDk/6YUh" \
    "7MdQw5+CbsX/o/DOEN2vwgKuSx2ho+rcLmKz40fCkbkHIacVUfX2awLJZP8zz5Gv" \
    "Y40wnoplpcZa7Q4aSqOCGrT1pj4dmIwJ/817mQbeNZEoukiJ7MtvTJz5/Uk7+eMD" \
    "8AgoUlcW1vJJEtTREWvzM+vLgnbCYuD4U4lIrI/lATCY0fAYnCE44OICUtT7DnPA" \
    "OUW8+r2McS+ge2zyZ6xKqgBXmUpjVwsHSVAxI7NkRDEtPYIQsaE3tf3Neh0gFCVO" \
    "LfgrIDU="

#define EXPIRED_CERT_BASE64 \
    "MIICpzCCAY+gAwIBAgIBATANBgkqhkiG9w0BAQsFADAXMRUwEwYDVQQDDAxleHBp" \
    "cmVkLnRlc3QwHhcNMjAwMTAxMDAwMDAwWhcNMjYwMTAxMDAwMDAwWjAXMRUwEwYD" \
    "VQQDDAxleHBpcmVkLnRlc3QwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIB" \
    "AQC8XxJ5tnZUSQEzrZ7lSafwYaTGsASO73L0mNUGwxw42PVtaPBXJfCy9QQ8sz0Y" \
    "3W2k0sEGroAhJvJH5c/tdzS3XjUiPGIZo/Wdd9xU0kZiEMpJHS+lKCJtyuz/q2W4" \
    "pNUqZF32rtYIru3jRnktY7Oa9JkZFNAhg/odsJ/jzsZFhJaeGKFKX85GSBzMPiKH" \
    "Eg8kwkU3loC1nzobENrVTnGlqxRN5d7y2+7I4LmtSoCCGox5ck6WSgImh5nAyNRc" \
    "lGcsS9jccdC3rYPnyW8anY6ejeAyWQ5EAwcQ+YQglLOpBB0Rgj/+pAWy3kPaIDer" \
    "js3ndj9Qh+AysO+OUz2upSsRAgMBAAEwDQYJKoZIhvcNAQELBQADggEBAI9iLPE+" \
    "aeGb2MUmeie3sDLrRase2KinIZ+16LXgVeRUhpB8R0sG40GNQZQt9KzIxd7nlw9f" \
    "KB2IRKMtqJ7/6NzHpyX1/ii47WhQddYGsUpnsIFtH3sO/bBI2oHtdzVhoSF9Cq+A" \
    "sxHkJFNFavU/i8EriTWSgyCOkTrSSONI3NKUjJQHioBAJ7xORr35xawXJ8IccoRJ" \
    "fe+W329b1mpXDADu1X7guSUiHiRsZpctulc/DBIIqe+VOLKf2IcApdR56RMQoSq1" \
    "L/Q8/tbiBs5FBghzSbqeb9Eygkf4SgWQe3R1cOfLZQozbzW2MwvDJCx43zh5rNbx" \
    "56tVQysV2IPo564="
/* P-256: the fuzz targets sign thousands of messages a second. */
#define EC_CERT_BASE64 \
    "MIIBFTCBvaADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWZ1enoudGVz" \
    "dDAgFw0yMDAxMDEwMDAwMDBaGA8yMDYwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ" \
    "ZnV6ei50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQf5D+nh8/xCHY5CT" \
    "r6nzWEZgH/VlCLYhjfOKTYaFBNdpy8BDiiZwjTV6og8PPUL/5cb7BG27fHNmcG5U" \
    "a1ipLTAKBggqhkjOPQQDAgNHADBEAiA5hDWQGKQe0tsUCgXLaPpzvPgBhPqFtCBW" \
    "ZLQJSB/EUQIgdJhv88Wf41d+Jp5zO5M9lkArbVEHOgNmXogJg8+/0Gs="

#define EC_KEY_PEM \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgadcT3Ik4Bylev4Kk\n" \
    "B3dDZo0DeYkOGIAH/pnsJ8Hnb1mhRANCAARB/kP6eHz/EIdjkJOvqfNYRmAf9WUI\n" \
    "tiGN84pNhoUE12nLwEOKJnCNNXqiDw89Qv/lxvsEbbt8c2ZwblRrWKkt\n" \
    "-----END PRIVATE KEY-----\n"

/* clang-format on */

#endif /* SSO_TESTS_SAML_KEYS_H */
