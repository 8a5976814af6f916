/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_PowerShell_Stops_Defender
{
    meta:
        author = "Vigia"
        description_es = "órdenes que apagan el antivirus de Windows"
        description_en = "commands that switch off Windows' virus scanner"
        reference = "https://attack.mitre.org/techniques/T1562/001/"
        severity = "high"
        false_positives = "Scripts that slim Windows down switch it off too; a shop should not use those."
        needs = "mppreference|disableantispyware|stop windefend|config windefend|delete windefend"
        max_bytes = 3145727
    strings:
        $set1 = /[Ss]et-[Mm]p[Pp]reference[^\n]{0,80}-[Dd]isable[Rr]ealtime[Mm]onitoring\s{1,3}(\$[Tt]rue|1)/
        $set2 = /Set-MpPreference[^\n]{0,200}-Disable(IOAVProtection|ScriptScanning|BehaviorMonitoring|BlockAtFirstSeen|IntrusionPreventionSystem)\s{1,3}(\$true|1)/ nocase
        $set3 = /Set-MpPreference[^\n]{0,200}-(SubmitSamplesConsent|MAPSReporting)\s{1,3}(2|0|NeverSend|Disable)/ nocase
        $off1 = /[Aa]dd-[Mm]p[Pp]reference[^\n]{0,40}-[Ee]xclusion[Pp]ath\s{1,3}["'@(]{0,4}([Cc]:\\?["'\s,)]|\$[Ee]nv:([Tt]emp|[Aa]ppdata|[Pp]ublic|[Ll]ocalappdata|[Ss]ystemdrive|[Uu]serprofile)|%[Tt]emp%|%[Aa]ppdata%|[Cc]:\\[Uu]sers\\[Pp]ublic|[Cc]:\\[Pp]rogram[Dd]ata["'\s,)])/
        $off2 = /[Aa]dd-[Mm]p[Pp]reference[^\n]{0,40}-[Ee]xclusion[Ee]xtension\s{1,3}["'@(]{0,4}\.?([Ee]xe|[Dd]ll|[Pp]s1|[Bb]at)/
        $reg = /[Dd]isable[Aa]nti[Ss]pyware[^\n]{0,60}(\/[Dd]\s{1,3}["']?1|-[Vv]alue\s{1,3}1|[Dd]word:0{0,7}1)/
        $svc = /[Ss]c(\.[Ee]xe)? ([Ss]top|[Cc]onfig|[Dd]elete) [Ww]indefend|[Dd]elete [Ww]indefend/
    condition:
        filesize < 3MB and uint16(0) != 0x457f and ((#set1 + #set2 + #set3 > 0 and any of ($off*, $reg, $svc)) or (all of ($off*)) or ($reg and $svc) or ($set1 and $set2 and $set3))
}

rule Vigia_PowerShell_Reverse_Shell
{
    meta:
        author = "Vigia"
        description_es = "orden de PowerShell que le abre a otro una consola del equipo"
        description_en = "a PowerShell command that opens a console of the computer to somebody else"
        reference = "https://attack.mitre.org/techniques/T1059/001/"
        severity = "critical"
        false_positives = "Collections of tools for penetration testers."
        needs = "sockets.tcpclient|net.websockets.clientwebsocket"
        needs = "getstream|receiveasync"
        max_bytes = 511999
    strings:
        $net = /Net\.Sockets\.TCPClient["'\s)]{0,4}[(,]|Net\.WebSockets\.ClientWebSocket/ nocase
        $stream = /\.[Gg]et[Ss]tream\s{0,2}\(|[Rr]eceive[Aa]sync/
        $run = /\b([Ii]ex|[Ii]nvoke-[Ee]xpression)\b|\.[Ii]nvoke\(|[Ss]tart-[Pp]rocess|[Dd]iagnostics\.[Pp]rocess/
        $loop = /[Ww]hile\s{0,2}\(/
        $back = /[Oo]ut-[Ss]tring|[Ss]tandard[Oo]utput|[Gg]et[Bb]ytes\s{0,2}\(/
        $prompt = /["']PS ["']|\(pwd\)\.Path|\(Get-Location\)\.Path|cmd\.exe|powershell\.exe|RedirectStandardInput/ nocase
    condition:
        filesize < 500KB and uint16(0) != 0x5A4D and all of them
}

rule Vigia_PowerShell_Program_In_Memory
{
    meta:
        author = "Vigia"
        description_es = "script de PowerShell que descifra un programa y lo corre sin dejarlo en el disco"
        description_en = "a PowerShell script that decrypts a program and runs it without leaving it on the disk"
        reference = "https://attack.mitre.org/techniques/T1620/"
        severity = "critical"
        false_positives = "Modules that carry their own library load it by name from a file."
        needs = "assembly]::load|currentdomain.load|virtualalloc"
        needs = "frombase64string|gzipstream|deflatestream|createdecryptor|aesmanaged|rijndael|-bxor |downloaddata"
        needs = "entrypoint|getmethod|getdelegateforfunctionpointer|createthread"
        max_bytes = 20971519
    strings:
        $load1 = /([Rr]eflection\.)?[Aa]ssembly\]::[Ll]oad\s{0,2}\(\s{0,2}(\$|\[|\()/
        $load2 = /[Aa]pp[Dd]omain\]::[Cc]urrent[Dd]omain\.[Ll]oad\s{0,2}\(/
        $load3 = /[Vv]irtual[Aa]lloc/
        $code1 = "FromBase64String" nocase
        $code2 = /GZipStream|DeflateStream/ nocase
        $code3 = /[Cc]reate[Dd]ecryptor|[Aa]es[Mm]anaged|[Rr]ijndael/
        $code4 = "-bxor " nocase
        $code5 = /\.[Dd]ownload[Dd]ata\s{0,2}\(/
        $go1 = /[Ee]ntry[Pp]oint\.[Ii]nvoke|\.[Ee]ntry[Pp]oint\b/
        $go2 = /\.[Gg]et[Mm]ethod\s{0,2}\([^\n]{1,80}\)\.[Ii]nvoke\s{0,2}\(/
        $go3 = /[Gg]et[Dd]elegate[Ff]or[Ff]unction[Pp]ointer|[Cc]reate[Tt]hread/
        $big = /H4sIA|TVqQAA|TVpQAA|TVoAAA|0x(fc|4d), ?0x(48|e8|5a)/
    condition:
        filesize < 20MB and uint16(0) != 0x5A4D and
        ((any of ($load1, $load2) and any of ($go1, $go2) and ($code5 or $code3 or $code4 or ($code1 and ($code2 or $big)))) or
         ($load3 and $go3 and 2 of ($code*) and $big))
}

rule Vigia_PowerShell_Hidden_In_Registry
{
    meta:
        author = "Vigia"
        description_es = "orden que arranca con Windows un programa guardado en el registro, sin archivo"
        description_en = "a command that starts with Windows a program kept in the registry, without a file"
        reference = "https://attack.mitre.org/techniques/T1027/011/"
        severity = "critical"
        false_positives = "None known."
        needs = "currentversion\\run|schtasks|register-scheduledtask|new-scheduledtask"
        needs = "get-itemproperty|getvalue(|regread|(gp hk"
        max_bytes = 5242879
    strings:
        $start = /[Cc]urrent[Vv]ersion\\[Rr]un|[Ss]chtasks[^\n]{0,20}\/[Cc]reate|[Rr]egister-[Ss]cheduled[Tt]ask|[Nn]ew-[Ss]cheduled[Tt]ask/
        $get = /(Get-ItemProperty|\(gp HK|GetValue\(|RegRead)[^\n]{0,60}(CU|LM|HKEY_CURRENT_USER|Registry::)/ nocase
        $run = /([Ii]nvoke-[Ee]xpression|\b[Ii]ex\b)[^\n]{0,120}([Gg]et-[Ii]tem[Pp]roperty|\([Gg]p|[Ff]rom[Bb]ase64[Ss]tring|[Gg]et[Vv]alue\()|([Ff]rom[Bb]ase64[Ss]tring|[Aa]ssembly\]::[Ll]oad)\s{0,2}\(\s{0,2}\(?([Gg]et-[Ii]tem[Pp]roperty|[Gg]p\b|\$\w{1,20})/
        $hide = /-[Ww]([Ii]n([Dd]owstyle)?)?\s{1,3}[Hh]idden\b|-[Nn]oprofile\b|[Vv]b[Hh]ide/
    condition:
        filesize < 5MB and uint16(0) != 0x5A4D and all of them
}
