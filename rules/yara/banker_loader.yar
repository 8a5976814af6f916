/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Banker_Loader_VBS
{
    meta:
        author = "Vigia"
        description_es = "script que revisa si está en una máquina de prueba y luego baja un troyano bancario"
        description_en = "a script that checks whether it is watched and then fetches a banking trojan"
        reference = "https://www.welivesecurity.com/2019/11/19/mispadu-advertisement-discounted-unhappy-meal/"
        severity = "critical"
        false_positives = "Inventory scripts ask for the machine's kind too, but do not download and run programs."
        needs = "win32_computersystem|win32_bios|win32_videocontroller|win32_baseboard"
        needs = "vmware|hyper-v|virtual machine"
        needs = "xmlhttp|winhttprequest|adodb.stream|bitsadmin|urldownloadtofile|downloadfile"
    strings:
        $ask = /Win32_(ComputerSystem|BIOS|VideoController|BaseBoard)/ nocase ascii wide
        $lab1 = /VirtualBox|\bVBOX\b|innotek/ nocase ascii wide
        $lab2 = /VMware|Hyper-V|Virtual Machine/ nocase ascii wide
        $where = /GetLocale|OSLanguage|\bLocale\b|\bMUILanguages\b|CodeSet|CountryCode/ nocase ascii wide
        $get = /XMLHTTP|WinHttpRequest|ADODB\.Stream|bitsadmin|URLDownloadToFile|DownloadFile/ nocase ascii wide
        $run = /WScript\.Shell|ShellExecute|\.Run\s{0,2}[("]|rundll32|Win32_Process|msiexec/ nocase ascii wide
        $script = /CreateObject\s{0,2}\(|ActiveXObject\s{0,2}\(|GetObject\s{0,2}\(/ nocase ascii wide
        $quit = /WScript\.Quit|window\.close|Exit Sub|ExitProcess/ nocase ascii wide
    condition:
        filesize < 2MB and $ask and all of ($lab*) and $where and $get and $run and $script and $quit
}

rule Vigia_Banker_Loader_MSI
{
    meta:
        author = "Vigia"
        description_es = "instalador que al abrirse baja y arranca otro programa a escondidas"
        description_en = "an installer that secretly fetches and starts another program"
        reference = "https://www.welivesecurity.com/2020/08/13/mekotio-these-arent-the-security-updates-youre-looking-for/"
        severity = "high"
        false_positives = "Installers that fetch their own parts use the installer's own means, not a script with a stream."
        needs = "adodb.stream|bitstransfer|urldownloadtofile|.downloadfile"
        needs = "xmlhttp|winhttprequest|webclient|bitstransfer"
        needs = "session.property|installexecutesequence|customaction|aicustact|installuisequence|powershellscriptlauncher"
    strings:
        $msi = /Session\.Property|InstallExecuteSequence|CustomAction|aicustact|InstallUISequence|PowerShellScriptLauncher/ ascii wide
        $get1 = /ADODB\.Stream/ nocase ascii wide
        $get2 = /Start-BitsTransfer|URLDownloadToFile|\.DownloadFile/ nocase ascii wide
        $via = /(MSXML2\.|Microsoft\.)(Server)?XMLHTTP|WinHttpRequest|WebClient|BitsTransfer/ nocase ascii wide
        $open = /CopyHere|Expand-Archive|ExtractToDirectory|\.zip\b/ nocase ascii wide
        $run = /\.Run\s{0,2}\(|ShellExecute|Start-Process|Win32_Process|\.Exec\s{0,2}\(/ nocase ascii wide
        $stay = /CurrentVersion\\Run|\\Startup\\|WScript\.Shell|\\Public\\|APPDATA|ProgramData/ nocase ascii wide
    condition:
        uint32(0) == 0xE011CFD0 and filesize < 30MB and $msi and any of ($get*) and $via and $open and $run and $stay
}

rule Vigia_Banker_Loader_AutoHotkey
{
    meta:
        author = "Vigia"
        description_es = "script de AutoHotkey que sólo sirve para arrancar un programa escondido"
        description_en = "an AutoHotkey script that serves only to start a hidden program"
        reference = "https://www.welivesecurity.com/2020/08/13/mekotio-these-arent-the-security-updates-youre-looking-for/"
        severity = "high"
        false_positives = "Small helpers of keyboard users load Windows' own libraries, not one beside the script."
        needs = "#notrayicon"
        needs = "dllcall"
    strings:
        $hidden = "#NoTrayIcon" nocase ascii wide
        $load1 = /DllCall\(\s{0,2}"?(LoadLibrary[AW]?"\s{0,2},\s{0,2}"(Str|WStr)"\s{0,2},\s{0,2}|GetModuleHandle)[^\n]{0,60}(A_ScriptDir|A_AppData|A_Temp|A_WorkingDir|A_AppDataCommon|EnvGet|Public)/ nocase ascii wide
        $load2 = /DllCall\(\s{0,2}(A_ScriptDir|A_AppData|A_Temp|A_WorkingDir|"?%A_ScriptDir%)[^\n]{1,80}(\.dll|\\)/ nocase ascii wide
    condition:
        filesize < 16KB and $hidden and any of ($load*)
}

rule Vigia_Banker_Loader_AutoIt
{
    meta:
        author = "Vigia"
        description_es = "script de AutoIt que mete un programa escondido en la memoria"
        description_en = "an AutoIt script that puts a hidden program into memory"
        reference = "https://securelist.com/the-tetrade-brazilian-banking-malware/97779/"
        severity = "critical"
        false_positives = "Libraries that load a DLL from memory exist for AutoIt; in a shop nobody uses them."
        needs = "dllstructcreate"
        needs = "virtualalloc|callwindowproc|dllcalladdress|ntallocatevirtualmemory|virtualprotect"
        needs = "binarytostring|dllstructsetdata|fileread|dllcall"
    strings:
        $make = /DllStructCreate\(\s{0,2}"byte/ nocase ascii wide
        $mem = /VirtualAlloc|VirtualProtect|NtAllocateVirtualMemory/ nocase ascii wide
        $go1 = /DllCallAddress\(/ nocase ascii wide
        $go2 = "CallWindowProc" nocase ascii wide
        $go3 = /CreateThread|EnumWindows|EnumFonts|CreateRemoteThread|NtUnmapViewOfSection|RtlDecompressFragment|RtlDecompressBuffer/ nocase ascii wide
        $put1 = /DllStructSetData\(/ nocase ascii wide
        $put2 = /BinaryToString|FileRead\(|FileInstall\(|BitXOR\(/ nocase ascii wide
        $hide = /#NoTrayIcon|@StartupDir|@TempDir|@AppDataDir|@ScriptDir|CurrentVersion\\Run/ nocase ascii wide
    condition:
        filesize < 10MB and $make and $mem and any of ($go*) and all of ($put*) and $hide
}

rule Vigia_Banker_Loader_Windows_Tools
{
    meta:
        author = "Vigia"
        description_es = "órdenes que usan programas de Windows para bajar y arrancar un troyano sin dejar archivos"
        description_en = "commands that use Windows' own programs to fetch and start a trojan without files"
        reference = "https://www.welivesecurity.com/2020/03/05/guildma-devil-drives-electric/"
        severity = "critical"
        false_positives = "Lists of such commands for teaching."
        needs = "/format:|extexport|desktop.ini:|scrobj|rundll32|mshta.exe|mshta javascript|mshta vbscript|mshta \"javascript|mshta \"vbscript|bitsadmin"
    strings:
        $a1 = /wmic(\.exe)?["']?\s[^\n]{1,80}\/format:\s{0,2}["'\\]{0,3}(https?:|\\\\)/ nocase ascii wide
        $a2 = /ExtExport(\.exe)?["']?\s{1,4}["']?(c:\\(users\\public|programdata)|%(public|appdata|temp)%)/ nocase ascii wide
        $a3 = /(type|echo|copy)[^\n]{1,160}>{1,2}\s{0,2}["']?[^\n"']{0,120}desktop\.ini:[a-z0-9._-]{1,60}/ nocase ascii wide
        $a4 = /regsvr32(\.exe)?["']?\s[^\n]{0,60}\/i:\s{0,2}["']?https?:[^\n]{1,160}scrobj/ nocase ascii wide
        $a5 = /(rundll32[^\n]{0,12}|mshta\.exe["']?\s{1,4}["']?|mshta "?)(javascript|vbscript):[^\n]{1,300}(GetObject|ActiveXObject|CreateObject|RunHTMLApplication)/ nocase ascii wide
        $b1 = /bitsadmin(\.exe)?["']?\s{1,4}\/transfer\s[^\n]{1,200}https?:[^\n]{1,300}(%(public|temp|appdata)%|\\users\\public|\\appdata\\|\\programdata)/ nocase ascii wide
        $b2 = /(start|call|rundll32|wscript|cscript|regsvr32)[^\n]{0,40}(%(public|temp|appdata)%|\\users\\public|\\appdata\\|\\programdata)[^\n]{1,80}\.(dll|exe|vbs|js|cpl)/ nocase ascii wide
        $hide = /attrib\s{1,4}\+[hs]|schtasks|CurrentVersion\\Run|-w(indowstyle)?\s{1,3}hidden|ping\s{1,3}(-n\s)?127|timeout\s{1,3}\/t/ nocase ascii wide
    condition:
        filesize < 500KB and (any of ($a*) or ($b1 and $b2 and $hide))
}

rule Vigia_Banker_Loader_Padded_Script
{
    meta:
        author = "Vigia"
        description_es = "script que arma las órdenes con letras sueltas o números para bajar un programa"
        description_en = "a script that builds its commands from single letters or numbers to fetch a program"
        reference = "https://www.welivesecurity.com/2021/05/05/ousaban-private-photo-collection-hidden-cabinet/"
        severity = "high"
        false_positives = "None known: no honest script hides CreateObject's names."
        needs = "createobject|activexobject|getobject|execute(|execute (|executeglobal"
        needs = "strreverse|)&chr(|) & chr(|) &chr(|)& chr(|)&chrw(|) & chrw(|) &chrw(|)& chrw(|\"wsc\" & \"ript|\"wscr\" & \"ipt|\"wscri\" & \"pt|\"msx\" & \"ml2|\"msxml2\" & \"|\"ado\" & \"db|\"adodb\" & \""
    strings:
        $rev1 = "llehS.tpircsW" nocase
        $rev2 = "maertS.BDODA" nocase
        $rev3 = "PTTHLMX" nocase
        $rev4 = "tcejbOmetsySeliF" nocase
        $rev5 = "eliFoTdaolnwoD" nocase
        $rev6 = "llehsrewop" nocase
        $cut1 = /"wsc(" & "ri|r" & "i|ri" & ")pt/ nocase
        $cut2 = /"(msx" & "ml2|msxml2" & "|ado" & "db|adodb" & ")/ nocase
        $glue = /StrReverse\s{0,2}\(/ nocase
        $chr = /chrw?\( ?(\d{1,3}|&h[0-9a-f]{2}|\w{1,20} ?[-+\/*^] ?\d{1,6})\) ?& ?chrw?\(/ nocase
        $exec = /ExecuteGlobal|\bExecute ?\(/ nocase
        $obj = /CreateObject|ActiveXObject|GetObject/ nocase
    condition:
        filesize < 2MB and ((any of ($rev*) and $glue and ($obj or $exec)) or (any of ($cut*) and $obj) or (#chr > 20 and $exec))
}
