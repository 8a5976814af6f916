/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_POS_Memory_Scraper
{
    meta:
        author = "Vigia"
        description_es = "programa que busca tarjetas en la memoria de la caja registradora"
        description_en = "a program that searches the memory of the till for cards"
        reference = "https://attack.mitre.org/techniques/T1005/"
        severity = "critical"
        false_positives = "Tools for PCI audits look for card numbers on purpose; ask who installed one."
        needs = "readprocessmemory"
    strings:
        $read = "ReadProcessMemory"
        $walk1 = "CreateToolhelp32Snapshot"
        $walk2 = "Process32Next"
        $walk3 = "EnumProcesses"
        $walk4 = "NtQuerySystemInformation"
        $range = "VirtualQueryEx"
        $track1 = /%?B\[?\(?\[?0-9\]?\)?\{13,1[69]\}/ ascii wide
        $track2 = /(\\d|\[0-9\])\{1[2-5],1[5-9]\}[\]\[()\\]{0,4}[=D]/ ascii wide
        $track3 = /\^\[?[A-Za-z\\ \/-]{3,20}\]?[{+*][^\x00]{0,12}\^/ ascii wide
        $track4 = "track2" nocase ascii wide fullword
        $track5 = "track1" nocase ascii wide fullword
        $till1 = "pos.exe" nocase ascii wide
        $till2 = "posw32.exe" nocase ascii wide
        $till3 = "edcsvr.exe" nocase ascii wide
        $till4 = "aloha" nocase ascii wide
        $till5 = "softrestaurant" nocase ascii wide
        $till6 = "eleventa" nocase ascii wide
        $skip1 = "svchost.exe" nocase ascii wide
        $skip2 = "lsass.exe" nocase ascii wide
        $skip3 = "wininit.exe" nocase ascii wide
        $skip4 = "spoolsv.exe" nocase ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 20MB and $read and any of ($walk*) and
        (any of ($track1, $track2, $track3) or ($track4 and $track5 and $range)) and
        (any of ($till*) or 2 of ($skip*))
}
