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
    strings:
        $set1 = /Set-MpPreference[^\n]{0,80}-DisableRealtimeMonitoring\s{1,3}(\$true|1)/ nocase ascii wide
        $set2 = /Set-MpPreference[^\n]{0,200}-Disable(IOAVProtection|ScriptScanning|BehaviorMonitoring|BlockAtFirstSeen|IntrusionPreventionSystem)\s{1,3}(\$true|1)/ nocase ascii wide
        $set3 = /Set-MpPreference[^\n]{0,200}-(SubmitSamplesConsent|MAPSReporting)\s{1,3}(2|0|NeverSend|Disable)/ nocase ascii wide
        $off1 = /Add-MpPreference[^\n]{0,40}-ExclusionPath\s{1,3}["'@(]{0,4}(C:\\?["'\s,)]|\$env:(temp|appdata|public|localappdata|systemdrive|userprofile)|%temp%|%appdata%|C:\\Users\\Public|C:\\ProgramData["'\s,)])/ nocase ascii wide
        $off2 = /Add-MpPreference[^\n]{0,40}-ExclusionExtension\s{1,3}["'@(]{0,4}\.?(exe|dll|ps1|bat)/ nocase ascii wide
        $reg = /DisableAntiSpyware[^\n]{0,60}(\/d\s{1,3}["']?1|-Value\s{1,3}1|dword:0{0,7}1)/ nocase ascii wide
        $svc = /sc(\.exe)? (stop|config|delete) windefend|delete windefend/ nocase ascii wide
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
    strings:
        $net = /Net\.Sockets\.TCPClient["'\s)]{0,4}[(,]|Net\.WebSockets\.ClientWebSocket/ nocase ascii wide
        $stream = /\.GetStream\s{0,2}\(|ReceiveAsync/ nocase ascii wide
        $run = /\b(iex|Invoke-Expression)\b|\.Invoke\(|Start-Process|Diagnostics\.Process/ nocase ascii wide
        $loop = /while\s{0,2}\(/ nocase ascii wide
        $back = /Out-String|StandardOutput|GetBytes\s{0,2}\(/ nocase ascii wide
        $prompt = /["']PS ["']|\(pwd\)\.Path|\(Get-Location\)\.Path|cmd\.exe|powershell\.exe|RedirectStandardInput/ nocase ascii wide
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
    strings:
        $load1 = /(Reflection\.)?Assembly\]::Load\s{0,2}\(\s{0,2}(\$|\[|\()/ nocase ascii wide
        $load2 = /AppDomain\]::CurrentDomain\.Load\s{0,2}\(/ nocase ascii wide
        $load3 = /VirtualAlloc/ nocase ascii wide
        $code1 = "FromBase64String" nocase ascii wide
        $code2 = /GZipStream|DeflateStream/ nocase ascii wide
        $code3 = /CreateDecryptor|AesManaged|Rijndael/ nocase ascii wide
        $code4 = "-bxor " nocase ascii wide
        $code5 = /\.DownloadData\s{0,2}\(/ nocase ascii wide
        $go1 = /EntryPoint\.Invoke|\.EntryPoint\b/ nocase ascii wide
        $go2 = /\.GetMethod\s{0,2}\([^\n]{1,80}\)\.Invoke\s{0,2}\(/ nocase ascii wide
        $go3 = /GetDelegateForFunctionPointer|CreateThread/ nocase ascii wide
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
    strings:
        $start = /CurrentVersion\\Run|schtasks[^\n]{0,20}\/create|Register-ScheduledTask|New-ScheduledTask/ nocase ascii wide
        $get = /(Get-ItemProperty|\(gp HK|GetValue\(|RegRead)[^\n]{0,60}(CU|LM|HKEY_CURRENT_USER|Registry::)/ nocase ascii wide
        $run = /(Invoke-Expression|\biex\b)[^\n]{0,120}(Get-ItemProperty|\(gp|FromBase64String|GetValue\()|(FromBase64String|Assembly\]::Load)\s{0,2}\(\s{0,2}\(?(Get-ItemProperty|gp\b|\$\w{1,20})/ nocase ascii wide
        $hide = /-w(in(dowstyle)?)?\s{1,3}hidden\b|-noprofile\b|vbHide/ nocase ascii wide
    condition:
        filesize < 5MB and uint16(0) != 0x5A4D and all of them
}
