/* SPDX-License-Identifier: Apache-2.0 */
/* Log4j, CVE-2021-44228 and -45046. */
rule Request_Log4Shell
{
    meta:
        author = "Vigia"
        description_es = "una orden escondida para Log4j (Log4Shell)"
        description_en = "an order hidden for Log4j (Log4Shell)"
        reference = "https://nvd.nist.gov/vuln/detail/CVE-2021-44228"
        severity = "high"
        false_positives = "Pages that explain the hole, when they are sent in a form."
        needs = "jndi|${lower|${upper|${env|${sys|${date|${:"
    strings:
        $jndi = /\$\{[^\n}]{0,24}jndi[^\n}]{0,16}:[^\n]{0,8}(ldaps?|rmi|dns|iiop|nis|nds|corba|https?):/ nocase
        $bare = /\bjndi:(ldaps?|rmi|dns|iiop|nis|nds|corba):\/\// nocase
        $split = /\$\{(lower|upper|env|sys|date|::|:)[^\n]{0,16}j[^\n]{0,40}n[^\n]{0,40}d[^\n]{0,40}i[^\n]{0,60}:/ nocase
    condition:
        any of them
}
