/* SPDX-License-Identifier: Apache-2.0 */
rule Request_Shellshock
{
    meta:
        author = "Vigia"
        description_es = "una orden para Bash en un encabezado (Shellshock)"
        description_en = "an order for Bash in a header (Shellshock)"
        reference = "https://nvd.nist.gov/vuln/detail/CVE-2014-6271"
        severity = "high"
        needs = "(){|() {"
    strings:
        $function = /\(\)\s*\{\s*(:|_|[a-z]{1,8}|ignored|foo)?\s*[;>][^\n]{0,200}[;}]/ nocase
    condition:
        $function
}
