/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Device_Dropper
{
    meta:
        author = "Vigia"
        description_es = "una orden que mete un virus en routers, cámaras o grabadoras"
        description_en = "a script that puts malware on routers, cameras or recorders"
        reference = "https://attack.mitre.org/techniques/T1105/"
        severity = "critical"
        false_positives = "Installers for several machines choose one by uname; these try all."
        needs = "chmod"
        needs = "wget |wget\t|curl |curl\t|tftp |tftp\t|ftpget"
        max_bytes = 65535
    strings:
        $get = /\b(wget|curl|tftp|ftpget|busybox\s{1,2}wget)[ \t][^\n]{1,120}\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/
        $mod = /chmod\s{1,4}(\+x|777|0?755)/
        $place = /cd\s{1,4}\/(tmp|var\/run|mnt|root|dev\/shm)[^\n]{0,80}(\|\||;|&&)/
        $arch1 = /\bmips(el)?\b|\.mpsl\b|\.mips\b/
        $arch2 = /\barm[4-7]l?\b|\.arm[4-7]?\b/
        $arch3 = /\bsh4\b|\.sh4\b/
        $arch4 = /\b(ppc|powerpc|m68k|spc|sparc)\b/
        $arch5 = /\b(x86(_64)?|i[56]86)\b/
    condition:
        filesize < 64KB and #get > 1 and $mod and ($place or #mod > 2) and 3 of ($arch*)
}
