/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Dropper_VBScript
{
    meta:
        author = "Vigia"
        description_es = "script de Visual Basic que baja un programa y lo ejecuta"
        description_en = "a Visual Basic script that downloads a program and runs it"
        reference = "https://attack.mitre.org/techniques/T1059/005/"
        severity = "high"
        false_positives = "In-house scripts that update a program; they do not put it into the folder for temporary files."
        needs = "savetofile|urldownloadtofile|start-bitstransfer|bitsadmin|certutil|downloadfile|invoke-webrequest"
        needs = "createobject"
        needs = "wscript.shell|shell.application|win32_process"
    strings:
        $com = /CreateObject\s{0,2}\(/ nocase
        $get1 = /XMLHTTP|WinHttpRequest/ nocase
        $save = "SaveToFile" nocase
        $get2 = /URLDownloadToFile|Start-BitsTransfer|bitsadmin[^\n]{0,20}\/transfer|certutil[^\n]{0,40}-urlcache|DownloadFile|Invoke-WebRequest/ nocase
        $shell = /WScript\.Shell|Shell\.Application|Win32_Process/ nocase
        $run = /\.(Run|Exec|ShellExecute|Create)\b\s{0,2}[(" ]/ nocase
        $temp = /%te?mp%|%appdata%|%public%|%localappdata%|GetSpecialFolder\s?\(\s?2|ExpandEnvironmentStrings|\\Users\\Public|\\ProgramData|\\AppData\\/ nocase
        $url = /https?:\/\// nocase
        $vbs = /On Error Resume Next|\bEnd (If|Sub|Function)\b|\bDim \w/ nocase
        $hidden = /\.(Run|ShellExecute|Create)\b[^\n]{1,300}, ?(0|false|vbHide|null)\b|-w(indowstyle)?\s{1,3}hidden/ nocase
    condition:
        filesize < 1MB and uint16(0) != 0x5A4D and $com and $shell and $run and $temp and $url and #vbs > 1 and $hidden and
        (($get1 and $save) or $get2)
}

rule Vigia_Dropper_JScript
{
    meta:
        author = "Vigia"
        description_es = "script de Windows (JS) que baja un programa y lo ejecuta"
        description_en = "a Windows script (JS) that downloads a program and runs it"
        reference = "https://attack.mitre.org/techniques/T1059/007/"
        severity = "high"
        false_positives = "Very old installers of intranet programs."
        needs = "activexobject|wscript.createobject"
        needs = "wscript.shell|wscript.scriptfullname|wscript.sleep|wscript.quit|wscript.arguments|shell.application"
        needs = "xmlhttp|winhttprequest|bitsadmin|certutil|powershell"
    strings:
        $com = /new ActiveXObject\s{0,2}\(|WScript\.CreateObject\s{0,2}\(/ nocase
        $get1 = /(MSXML2\.|Microsoft\.)(Server)?XMLHTTP|WinHttpRequest/ nocase
        $get2 = /bitsadmin[^\n]{0,20}\/transfer|certutil[^\n]{0,40}-urlcache|powershell[^\n]{0,200}(Download(File|String)|iwr|Invoke-WebRequest|-enc|FromBase64)/ nocase
        $save = /SaveToFile|\beval\s{0,2}\(\s{0,2}\w{1,20}\.responseText|CreateTextFile|OpenTextFile/ nocase
        $host = /WScript\.(Shell|ScriptFullName|Sleep|Quit|Arguments)|Shell\.Application/ nocase
        $run = /\.(Run|Exec|ShellExecute)\b\s{0,2}\(/ nocase
        $page = /<\/(script|html|body)>/ nocase
    condition:
        filesize < 2MB and uint16(0) != 0x5A4D and $com and $host and $run and not $page and (($get1 and $save) or $get2)
}

rule Vigia_Dropper_HTA
{
    meta:
        author = "Vigia"
        description_es = "página de aplicación (HTA) que ejecuta órdenes escondida"
        description_en = "an application page (HTA) that runs commands while hidden"
        reference = "https://attack.mitre.org/techniques/T1218/005/"
        severity = "high"
        false_positives = "In-house HTA tools show a window; these hide or close at once."
        needs = "wscript.shell|shell.application|win32_process|winmgmts:"
        needs = "window.close|self.close|resizeto|moveto|minimize|showintaskbar"
    strings:
        $page = /<(hta:application|script|html|head)/ nocase
        $com = /WScript\.Shell|Shell\.Application|Win32_Process|winmgmts:/ nocase
        $run = /\.(Run|Exec|ShellExecute|Create)\b\s{0,2}[(" ]/ nocase
        $what = /powershell|cmd(\.exe)?\s{0,2}["']?\s{0,2}\/[ck]|mshta|rundll32|regsvr32|certutil|bitsadmin|wscript\.exe|curl(\.exe)?\s/ nocase
        $hide1 = /(window|self)\.close\s{0,2}\(?/ nocase
        $hide2 = /(resizeTo|moveTo)\s{0,2}\(?\s{0,2}(0|-\d|1\s{0,2},)/ nocase
        $hide3 = /windowState\s{0,2}=\s{0,2}["']?minimize/ nocase
        $hide4 = /showInTaskbar\s{0,2}=\s{0,2}["']?(no|false)/ nocase
        $far = /https?:\/\/| -e(c|nc|ncodedcommand)? {1,2}[A-Za-z0-9+\/]{40}|FromBase64String/ nocase
    condition:
        filesize < 2MB and uint16(0) != 0x5A4D and $page and $com and $run and $what and any of ($hide*) and $far
}

rule Vigia_Dropper_Shortcut
{
    meta:
        author = "Vigia"
        description_es = "acceso directo que al abrirse baja y ejecuta un programa"
        description_en = "a shortcut that downloads and runs a program when it is opened"
        reference = "https://attack.mitre.org/techniques/T1204/002/"
        severity = "critical"
        false_positives = "None known: honest shortcuts name a program on the computer."
        needs = "\x01\x14\x02     \xc0      F"
        needs = "powershell|cmd.exe|mshta.exe|wscript|rundll32|certutil|bitsadmin|curl.exe|msiexec|conhost|forfiles|regsvr32"
    strings:
        $tool = /powershell|cmd\.exe|mshta\.exe|wscript|rundll32|certutil|bitsadmin|curl\.exe|msiexec|conhost|forfiles|regsvr32/ nocase ascii wide
        $do1 = /(mshta|msiexec|curl|certutil|bitsadmin|Invoke-WebRequest|Net\.WebClient|Start-BitsTransfer|regsvr32|rundll32|wscript)[^\x00]{0,200}https?:\/\// nocase ascii
        $do2 = /\x00h\x00t\x00t\x00p\x00(s\x00)?:\x00\/\x00\/\x00/ nocase
        $do3 = / -e(c|nc|ncodedcommand)? {1,2}["']?[A-Za-z0-9+\/]{60}/ nocase ascii wide
        $do4 = /FromBase64String|DavWWWRoot|@SSL\\/ nocase ascii wide
        $do5 = /-w(in(dowstyle)?)?\s{1,3}hidden\b[^\n]{0,400}(iex|Invoke-Expression|Start-Process|\|\s?iex|\.lnk|\[IO\.File\]|ReadAllBytes)/ nocase ascii wide
        $do6 = /(findstr|for \/f)[^\n]{1,300}\.lnk/ nocase ascii wide
    condition:
        uint32(0) == 0x0000004c and uint32(4) == 0x00021401 and filesize < 20MB and $tool and any of ($do*)
}

rule Vigia_Dropper_Batch
{
    meta:
        author = "Vigia"
        description_es = "archivo de órdenes (bat) que baja un programa, lo arranca y borra sus huellas"
        description_en = "a batch file that downloads a program, starts it and wipes its traces"
        reference = "https://attack.mitre.org/techniques/T1059/003/"
        severity = "high"
        false_positives = "Installers by batch file do not hide and do not delete themselves."
        needs = "@echo off|%temp%|%appdata%|%public%|%localappdata%|%programdata%|setlocal"
        needs = "certutil|bitsadmin|curl -|curl.exe -|wget -|downloadfile|downloadstring|invoke-webrequest|start-bitstransfer"
    strings:
        $bat = /@echo off|%(temp|appdata|public|localappdata|programdata)%|setlocal/ nocase
        $get1 = /certutil(\.exe)?\s[^\n]{0,60}-urlcache[^\n]{1,200}https?:/ nocase
        $get2 = /bitsadmin(\.exe)?\s[^\n]{0,60}\/transfer[^\n]{1,200}https?:/ nocase
        $get3 = /(curl|curl\.exe|wget) -[^\n]{0,200}https?:\/\/[^\n]{1,300}/ nocase
        $get4 = /powershell[^\n]{0,200}(Download(File|String)|Invoke-WebRequest|Start-BitsTransfer)[^\n]{1,200}https?:/ nocase
        $put = /%(temp|appdata|public|localappdata|programdata)%\\[^\n]{1,120}\.(exe|dll|vbs|js|ps1|bat|cmd|zip|msi|scr|hta)/ nocase
        $put2 = /c:\\(users\\public|programdata|windows\\temp)\\[^\n]{1,120}\.(exe|dll|vbs|js|ps1|bat|cmd|zip|msi|scr|hta)/ nocase
        $trace1 = /\bdel\s[^\n]{0,40}%~(f|dpnx|s)?0/ nocase
        $trace2 = /attrib\s{1,3}(\+[hs]\s?){1,2}/ nocase
        $trace3 = /reg(\.exe)?\s{1,3}add[^\n]{1,80}CurrentVersion\\Run/ nocase
        $trace4 = /schtasks(\.exe)?\s[^\n]{0,20}\/create/ nocase
        $trace5 = /copy\s[^\n]{1,200}Start Menu\\Programs\\Startup|Programs\\Startup\\[^\n]{1,60}\.(bat|vbs|exe|lnk)/ nocase
        $trace6 = /-w(in(dowstyle)?)?\s{1,3}hidden/ nocase
        $trace7 = /Add-MpPreference[^\n]{1,40}-ExclusionPath/ nocase
    condition:
        filesize < 500KB and uint16(0) != 0x5A4D and $bat and any of ($get*) and any of ($put, $put2) and 2 of ($trace*)
}

rule Vigia_Dropper_Batch_Holds_Program
{
    meta:
        author = "Vigia"
        description_es = "archivo de órdenes (bat) que lleva escondido un programa y lo corre en la memoria"
        description_en = "a batch file that carries a hidden program and runs it in memory"
        reference = "https://attack.mitre.org/techniques/T1027/"
        severity = "critical"
        false_positives = "Installers in one batch file unpack to disk and do not run in memory."
        needs = "frombase64string|certutil"
        needs = "reflection.assembly|entrypoint.invoke|.invoke($null|gzipstream|aesmanaged|aes]::create|createdecryptor|-decode"
    strings:
        $self1 = /(ReadAllText|ReadAllLines|ReadLines|Get-Content|gc)[^\n]{0,60}(%~f0|%~dpnx0|%~nx0|%~0|\$env:\w{1,20})/ nocase
        $self2 = /certutil(\.exe)?\s{1,3}-decode\s{1,3}["']?%~(f|dpnx|nx)?0/ nocase
        $self3 = /(%~f0|%~dpnx0|%~0)/
        $b64 = "FromBase64String" nocase
        $load = /Reflection\.Assembly\]?::Load|\.EntryPoint\.Invoke|\.Invoke\(\$null|GZipStream|AesManaged|Aes\]::Create|CreateDecryptor/ nocase
        $start = /start\s[^\n]{0,60}%(temp|appdata|public|localappdata|tmp)%|%(temp|tmp|appdata|public)%\\[^\n]{1,60}\.(exe|dll|scr)\b/ nocase
    condition:
        filesize < 20MB and uint16(0) != 0x5A4D and (($b64 and $self1 and $self3 and $load) or ($self2 and $start))
}
