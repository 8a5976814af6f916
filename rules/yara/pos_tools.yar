/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_POS_Scraper_Script
{
    meta:
        author = "Vigia"
        description_es = "script que busca tarjetas en la memoria de la caja registradora"
        description_en = "a script that searches the memory of the till for cards"
        reference = "https://attack.mitre.org/techniques/T1005/"
        severity = "critical"
        false_positives = "Tools for PCI audits look for card numbers on purpose; ask who installed one."
        needs = "readprocessmemory"
        needs = "dllimport|ctypes|windll|add-type|declare|dllcall"
        max_bytes = 2097151
    strings:
        $read = "ReadProcessMemory" ascii wide
        $kind = /[Dd]ll[Ii]mport|[Cc]types|[Ww]indll|[Aa]dd-[Tt]ype|[Dd]eclare ([Pp]tr[Ss]afe )?[Ff]unction|[Dd]ll[Cc]all/ ascii wide
        $track1 = /(\\d|\[0-9\]|\[\\d\])\{1[2-6](,1[5-9])?\}[\]\[()\\]{0,4}[=D\^]/ ascii wide
        $track2 = /\[?[3456][^\n\x00]{0,12}(\\d|\[0-9\])\{1[2-5](,1[5-9])?\}/ ascii wide
        $track3 = /\b[Tt]rack[ _-]?[12]\b/ ascii wide
        $walk = /[Gg]et-[Pp]rocess|[Gg]et[Pp]rocesses\(|[Ee]num[Pp]rocesses|[Cc]reate[Tt]oolhelp32[Ss]napshot|[Pp]rocess_[Ii]ter|[Vv]irtual[Qq]uery[Ee]x|[Pp]rocess[Ll]ist/ ascii wide
        $luhn = /[Ll]uhn|%10==|% 10 ==|%10 ==|% 10\) ==|[Mm]od 10 = 0/ ascii wide
    condition:
        filesize < 2MB and uint16(0) != 0x457f and $read and $kind and $walk and
        (($track1 and ($track3 or $luhn)) or ($track2 and $luhn and $track3))
}

rule Vigia_POS_Card_Sender
{
    meta:
        author = "Vigia"
        description_es = "programa que lee tarjetas de otros programas y las manda por internet"
        description_en = "a program that reads cards out of other programs and sends them over the internet"
        reference = "https://attack.mitre.org/techniques/T1041/"
        severity = "critical"
        false_positives = "Tools for PCI audits write reports, they do not send what they find in clear or by name look-ups."
        needs = "readprocessmemory"
        needs = "dnsquery_|httpsendrequest|internetopenurl|winhttpsendrequest|ftpputfile|gethostbyname|internetconnect"
        needs = "track1|track2|track 1|track 2|track_1|track_2|trackdata|track_data|dumps.|card_data|tracks"
    strings:
        $read = "ReadProcessMemory" ascii wide
        $send = /DnsQuery_[AW]|HttpSendRequest[AW]|InternetOpenUrl[AW]|WinHttpSendRequest|FtpPutFile[AW]|gethostbyname|InternetConnect[AW]/ ascii
        $card1 = /\b[Tt]rack[ _]?[12]\b/ ascii wide
        $card2 = /\b([Tt]rackdata|[Tt]rack_[Dd]ata|[Cc]ard_[Dd]ata|[Tt]racks)\b/ ascii wide
        $card3 = "dumps." nocase ascii wide
        $form1 = /(&|\?)(track|dump|cc|data|t1|t2|hwid|uid|ui|unm|op|host|id|pcname|gpc)=%?s?/ ascii wide
        $form2 = /\[[Mm]em\]|[Mm]emscan|[Ss]can_[Mm]em|[Rr]amscrap|[Pp]os_([Ii]d|[Nn]ame)|[Gg]rabber/ ascii wide
        $walk = /Process32Next|EnumProcesses|NtQuerySystemInformation/ ascii
        $stay = /[Cc]urrent[Vv]ersion\\[Rr]un|[Cc]reate[Ss]ervice[AWaw]/ ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 10MB and $read and $send and $walk and $stay and any of ($card*) and any of ($form*)
}

rule Vigia_POS_Swipe_Listener
{
    meta:
        author = "Vigia"
        description_es = "programa que escucha el teclado y el lector para copiar las tarjetas que se deslizan"
        description_en = "a program that listens to keyboard and reader to copy the cards that are swiped"
        reference = "https://attack.mitre.org/techniques/T1056/001/"
        severity = "critical"
        false_positives = "Drivers of card readers read swipes, but keep no list of them and do not send it."
        needs = "getasynckeystate|setwindowshookex|registerrawinputdevices|getrawinputdata"
        needs = "track1|track2|track 1|track 2|swiped|cardswipe|card swipe|swipe_"
        needs = "ftpputfile|httpsendrequest|internetopenurl|smtpclient|api.telegram.org|winhttpsendrequest|webclient|webrequest|urldownload"
    strings:
        $keys = /GetAsyncKeyState|SetWindowsHookEx|RegisterRawInputDevices|GetRawInputData/ ascii wide
        $swipe1 = /\b[Tt]rack ?[12]\b/ ascii wide
        $swipe2 = /[Ss]wiped|[Cc]ard ?[Ss]wipe|[Ss]wipe_/ ascii wide
        $list1 = /([Dd]ump|[Ss]wipe|[Tt]rack|[Cc]ard|[Cc]c|[Tt]arjeta)[Ss]?\.([Ll]og|[Tt]xt|[Dd]at|[Tt]mp|[Bb]in)\b/ ascii wide
        $list2 = /\^\[?A-Z|;\[0-9\]|;\(?\\d[{+]/ ascii wide
        $send = /FtpPutFile|HttpSendRequest|InternetOpenUrl|SmtpClient|api\.telegram\.org|WinHttpSendRequest|WebClient|WebRequest|URLDownload/ ascii wide
        $stay = /[Cc]urrent[Vv]ersion\\[Rr]un|[Ss]chtasks|[Cc]reate[Ss]ervice/ ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 10MB and $keys and any of ($swipe*) and all of ($list*) and $send and $stay
}

rule Vigia_Cash_Machine_Emptier
{
    meta:
        author = "Vigia"
        description_es = "programa que hace que un cajero automático entregue su dinero"
        description_en = "a program that makes a cash machine hand out its money"
        reference = "https://attack.mitre.org/techniques/T1657/"
        severity = "critical"
        false_positives = "Service programs of the maker of the cash machine; these install nothing that starts hidden."
        needs = "wfsexecute|wfsasyncexecute|wfsopen|wfsstartup|msxfs.dll"
        needs = "dispense|dispensa|cassette|cartucho|casete"
    strings:
        $xfs1 = /WFS(Async)?(Execute|Open|StartUp)|msxfs\.dll/ nocase ascii wide
        $xfs2 = /CurrencyDispenser\d?|CDM\d{0,2}\b|DISPENSER\d?\b|WFS_CMD_CDM_DISPENSE/ nocase ascii wide
        $cash = /[Dd]ispens[eaEA]|[Cc]assette|[Cc]artucho|[Cc]asete/ ascii wide
        $hide1 = /SetWindowsHookEx|GetAsyncKeyState|RegisterHotKey/ ascii wide
        $hide2 = /Userinit|CurrentVersion\\Run|CreateService[AW]/ ascii wide
        $hide3 = /([Aa]ctivation|[Aa]ctivaci.{1,2}[Nn])[^\n\x00]{0,30}([Cc]ode|[Kk]ey|[Ee]xpired|[Ee]xpirad|[Cc].{1,2}[Dd]igo|[Cc]lave)/ ascii wide
        $hide4 = /[Tt]askkill|[Tt]erminate[Pp]rocess|[Dd]isk[Pp]art|[Nn]etwork[Ii]nterface\.[Dd]isable|[Nn]etsh[^\n]{0,40}[Dd]isable/ ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize < 30MB and all of ($xfs*) and $cash and 3 of ($hide*)
}
