/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Device_One_Line_Dropper
{
    meta:
        author = "Vigia"
        description_es = "orden de una línea que mete un virus en cámaras, routers o grabadoras"
        description_en = "a one-line command that puts malware on cameras, routers or recorders"
        reference = "https://attack.mitre.org/techniques/T1059/004/"
        severity = "critical"
        false_positives = "Lists of attack requests kept for teaching."
        needs = "ftpget|wget http|wget -|wget+http|wget+-|wget%20http|wget%20-|wget${ifs}http|wget${ifs}-|curl http|curl -|curl+http|curl+-|curl%20http"
        or_needs = "curl%20-|curl${ifs}http|curl${ifs}-|tftp -|tftp+-|tftp%20-|tftp${ifs}-|wget 1|wget 2|wget 3|wget 4|wget 5|wget 6|wget 7"
        or_needs = "wget 8|wget 9|wget+1|wget+2|wget+3|wget+4|wget+5|wget+6|wget+7|wget+8|wget+9|wget%201|wget%202|wget%203"
        or_needs = "wget%204|wget%205|wget%206|wget%207|wget%208|wget%209"
        max_bytes = 65535
    strings:
        $line = /(cd|CD)( |\+|%20|\$\{IFS\}){1,3}\/(tmp|var\/run|dev\/shm|var\/tmp|mnt)[^\n]{0,120}((wget|curl)( |\+|%20|\$\{IFS\})(http|-)|wget( |\+|%20)[1-9]|tftp( |\+|%20|\$\{IFS\})-|ftpget)[^\n]{1,200}(chmod( |\+|%20|\$\{IFS\}){1,3}(\+x|%2bx|777|0?755|a\+x)|\b(sh|bash)( |\+|%20|\$\{IFS\}){1,3}[\w.\/]{1,40})/
        $pipe = /(wget|curl)( |\+|%20|\$\{IFS\})(http|-)[^\n|]{1,300}\|( |\+|%20|\$\{IFS\})?(sh|bash|\/bin\/sh)( |\+|%20|\$\{IFS\})[^\n]{0,40}(selfrep|exploit|\.(mips|arm\d?|x86))/
        $ip = /\/\/\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[:\/]|(-g|-r|-c(\s|\+|%20)get)[^\n]{1,80}\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|\s\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\s/
        $wipe = /rm( |\+|%20|\$\{IFS\}){1,3}-rf?|;\s?\.\/|%3b\.\/|;\+?\.\/|&&\s?\.\/|(sh|bash)( |\+|%20|\$\{IFS\}){1,3}[\w.\/]{1,40}\.sh/
    condition:
        filesize < 64KB and uint16(0) != 0x457f and any of ($line, $pipe) and $ip and $wipe
}

rule Vigia_Device_Echo_Loader
{
    meta:
        author = "Vigia"
        description_es = "órdenes que escriben un programa byte por byte en una cámara o un router"
        description_en = "commands that write a program byte by byte onto a camera or router"
        reference = "https://attack.mitre.org/techniques/T1105/"
        severity = "critical"
        false_positives = "None known: tests of build tools write a few bytes and do not run them."
        needs = "\\x7f\\x45\\x4c\\x46|\\\\x7f\\\\x45|\\x7felf|177elf|177\\0105|177\\105"
        needs = "busybox|chmod +x|chmod 777|chmod 755|chmod 0755"
        max_bytes = 1048575
    strings:
        $echo = /(echo|printf)\s{1,3}(-[neE]{1,3}\s{1,3})?['"]?(\\{1,2}x7f\\{1,2}x45\\{1,2}x4c\\{1,2}x46|\\{1,2}x7fELF|\\0?177ELF|\\0?177\\0?105\\0?114\\0?106)(\\{1,2}x?[0-9a-fA-F]{1,4}){12}[^\n]{0,4000}>{1,2}/
        $run = /busybox|chmod (\+x|777|0?755)/
    condition:
        filesize < 1MB and uint16(0) != 0x457f and all of them
}

rule Vigia_Device_Bot_Program
{
    meta:
        author = "Vigia"
        description_es = "virus de cámaras y routers: ataca a otros y busca más aparatos"
        description_en = "malware for cameras and routers: it attacks others and looks for more devices"
        reference = "https://attack.mitre.org/techniques/T1498/"
        severity = "critical"
        false_positives = "None known."
        needs = "watchdog|busybox|/proc/net/|/gponform|/ctrlt/|/hnap1/|/picsdesc|/viewlog.asp|next_file|/shell?cd|limitclient|newstatusurl|/formlogin"
    strings:
        $dog = /\/dev\/(misc\/)?watchdog/
        $busy = /\/bin\/busybox|busybox (wget|tftp|ftpget)/
        $net = /\/proc\/net\/(tcp|route)/
        $login1 = "applet not found" ascii
        $login2 = /\x00(system|shell|enable|linuxshell)\x00(system|shell|enable|linuxshell)\x00/
        $login3 = /\x00(vizxv|xc3511|7ujMko0|hi3518|jvbzd|anko|zlxx\.|juantech|GM8182|klv123\d?|Zte521|hunt5759|taZz@23495859)\x00/
        $flood1 = /\b(UDP|TCP|HTTP|STD|XMAS|OVH|GRE|SYN|ACK|VSE|JUNK|HOLD|NUDP|UDPRAW|STOMP)(FLOOD|RAW|PLAIN|BYPASS)?\x00{1,8}(UDP|TCP|HTTP|STD|XMAS|OVH|GRE|SYN|ACK|VSE|JUNK|HOLD|NUDP|UDPRAW|STOMP)(FLOOD|RAW|PLAIN|BYPASS)?\x00/
        $flood2 = /KILLATTK|LOLNOGTFO|HTTPFLOOD|UDPFLOOD|GETLOCALIP|STOPATTK|BOTKILL/
        $flood3 = /TSource Engine Query|M-SEARCH \* HTTP\/1\.1\r\nHOST: ?255\.255\.255\.255/
        $exploit = /\/GponForm\/diag_Form|\/ctrlt\/DeviceUpgrade|\/HNAP1\/|\/picsdesc\.xml|\/cgi-bin\/ViewLog\.asp|setup\.cgi\?next_file|\/shell\?cd|\/goform\/set_LimitClient_cfg|UPnP[^\n]{0,40}NewStatusURL|\/boaform\/admin\/formLogin/
        $drop = /(wget|tftp|curl) [^\n\x00]{0,60}(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|%s|%d\.%d\.%d\.%d)[^\n\x00]{1,100}chmod/
    condition:
        uint32(0) == 0x464c457f and filesize < 3MB and
        ((any of ($login*) and 2 of ($dog, $busy, $net, $exploit)) or (any of ($flood1, $flood2) and 2 of ($dog, $busy, $net, $exploit)) or
         ($exploit and $drop) or (any of ($flood*) and $exploit and any of ($busy, $dog)))
}
