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
        max_bytes = 2097151
    strings:
        $ask = /[Ww]in32_([Cc]omputer[Ss]ystem|[Bb][Ii][Oo][Ss]|[Vv]ideo[Cc]ontroller|[Bb]ase[Bb]oard)/
        $lab1 = /VirtualBox|\bVBOX\b|innotek/ nocase
        $lab2 = /[Vv][Mm]ware|[Hh]yper-[Vv]|[Vv]irtual [Mm]achine/
        $where = /[Gg]et[Ll]ocale|[Oo][Ss][Ll]anguage|\b[Ll]ocale\b|\b[Mm][Uu][Ii][Ll]anguages\b|[Cc]ode[Ss]et|[Cc]ountry[Cc]ode/
        $get = /XMLHTTP|WinHttpRequest|ADODB\.Stream|bitsadmin|URLDownloadToFile|DownloadFile/ nocase
        $run = /[Ww][Ss]cript\.[Ss]hell|[Ss]hell[Ee]xecute|\.[Rr]un\s{0,2}[("]|[Rr]undll32|[Ww]in32_[Pp]rocess|[Mm]siexec/
        $script = /[Cc]reate[Oo]bject\s{0,2}\(|[Aa]ctive[Xx][Oo]bject\s{0,2}\(|[Gg]et[Oo]bject\s{0,2}\(/
        $quit = /[Ww][Ss]cript\.[Qq]uit|[Ww]indow\.[Cc]lose|[Ee]xit [Ss]ub|[Ee]xit[Pp]rocess/
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
        $get1 = /[Aa][Dd][Oo][Dd][Bb]\.[Ss]tream/ ascii wide
        $get2 = /[Ss]tart-[Bb]its[Tt]ransfer|[Uu][Rr][Ll][Dd]ownload[Tt]o[Ff]ile|\.[Dd]ownload[Ff]ile/ ascii wide
        $via = /([Mm][Ss][Xx][Mm][Ll]2\.|[Mm]icrosoft\.)([Ss]erver)?[Xx][Mm][Ll][Hh][Tt][Tt][Pp]|[Ww]in[Hh]ttp[Rr]equest|[Ww]eb[Cc]lient|[Bb]its[Tt]ransfer/ ascii wide
        $open = /[Cc]opy[Hh]ere|[Ee]xpand-[Aa]rchive|[Ee]xtract[Tt]o[Dd]irectory|\.[Zz]ip\b/ ascii wide
        $run = /\.[Rr]un\s{0,2}\(|[Ss]hell[Ee]xecute|[Ss]tart-[Pp]rocess|[Ww]in32_[Pp]rocess|\.[Ee]xec\s{0,2}\(/ ascii wide
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
        max_bytes = 16383
    strings:
        $hidden = "#NoTrayIcon" nocase
        $load1 = /[Dd]ll[Cc]all\(\s{0,2}"?([Ll]oad[Ll]ibrary[AWaw]?"\s{0,2},\s{0,2}"([Ss]tr|[Ww][Ss]tr)"\s{0,2},\s{0,2}|[Gg]et[Mm]odule[Hh]andle)[^\n]{0,60}([Aa]_[Ss]cript[Dd]ir|[Aa]_[Aa]pp[Dd]ata|[Aa]_[Tt]emp|[Aa]_[Ww]orking[Dd]ir|[Aa]_[Aa]pp[Dd]ata[Cc]ommon|[Ee]nv[Gg]et|[Pp]ublic)/
        $load2 = /[Dd]ll[Cc]all\(\s{0,2}([Aa]_[Ss]cript[Dd]ir|[Aa]_[Aa]pp[Dd]ata|[Aa]_[Tt]emp|[Aa]_[Ww]orking[Dd]ir|"?%[Aa]_[Ss]cript[Dd]ir%)[^\n]{1,80}(\.[Dd]ll|\\)/
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
        max_bytes = 10485759
    strings:
        $make = /[Dd]ll[Ss]truct[Cc]reate\(\s{0,2}"[Bb]yte/
        $mem = /[Vv]irtual[Aa]lloc|[Vv]irtual[Pp]rotect|[Nn]t[Aa]llocate[Vv]irtual[Mm]emory/
        $go1 = /[Dd]ll[Cc]all[Aa]ddress\(/
        $go2 = "CallWindowProc" nocase
        $go3 = /[Cc]reate[Tt]hread|[Ee]num[Ww]indows|[Ee]num[Ff]onts|[Cc]reate[Rr]emote[Tt]hread|[Nn]t[Uu]nmap[Vv]iew[Oo]f[Ss]ection|[Rr]tl[Dd]ecompress[Ff]ragment|[Rr]tl[Dd]ecompress[Bb]uffer/
        $put1 = /[Dd]ll[Ss]truct[Ss]et[Dd]ata\(/
        $put2 = /[Bb]inary[Tt]o[Ss]tring|[Ff]ile[Rr]ead\(|[Ff]ile[Ii]nstall\(|[Bb]it[Xx][Oo][Rr]\(/
        $hide = /#[Nn]o[Tt]ray[Ii]con|@[Ss]tartup[Dd]ir|@[Tt]emp[Dd]ir|@[Aa]pp[Dd]ata[Dd]ir|@[Ss]cript[Dd]ir|[Cc]urrent[Vv]ersion\\[Rr]un/
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
        max_bytes = 511999
    strings:
        $a1 = /[Ww]mic(\.[Ee]xe)?["']?\s[^\n]{1,80}\/[Ff]ormat:\s{0,2}["'\\]{0,3}([Hh]ttps?:|\\\\)/
        $a2 = /[Ee]xt[Ee]xport(\.[Ee]xe)?["']?\s{1,4}["']?([Cc]:\\([Uu]sers\\[Pp]ublic|[Pp]rogramdata)|%([Pp]ublic|[Aa]ppdata|[Tt]emp)%)/
        $a3 = /([Tt]ype|[Ee]cho|[Cc]opy)[^\n]{1,160}>{1,2}\s{0,2}["']?[^\n"']{0,120}[Dd]esktop\.[Ii]ni:[a-zA-Z0-9._-]{1,60}/
        $a4 = /[Rr]egsvr32(\.[Ee]xe)?["']?\s[^\n]{0,60}\/[Ii]:\s{0,2}["']?[Hh]ttps?:[^\n]{1,160}[Ss]crobj/
        $a5 = /([Rr]undll32[^\n]{0,12}|[Mm]shta\.[Ee]xe["']?\s{1,4}["']?|[Mm]shta "?)([Jj]avascript|[Vv]bscript):[^\n]{1,300}([Gg]et[Oo]bject|[Aa]ctive[Xx][Oo]bject|[Cc]reate[Oo]bject|[Rr]un[Hh][Tt][Mm][Ll][Aa]pplication)/
        $b1 = /[Bb]itsadmin(\.[Ee]xe)?["']?\s{1,4}\/[Tt]ransfer\s[^\n]{1,200}[Hh]ttps?:[^\n]{1,300}(%([Pp]ublic|[Tt]emp|[Aa]ppdata)%|\\[Uu]sers\\[Pp]ublic|\\[Aa]ppdata\\|\\[Pp]rogramdata)/
        $b2 = /([Ss]tart|[Cc]all|[Rr]undll32|[Ww]script|[Cc]script|[Rr]egsvr32)[^\n]{0,40}(%([Pp]ublic|[Tt]emp|[Aa]ppdata)%|\\[Uu]sers\\[Pp]ublic|\\[Aa]ppdata\\|\\[Pp]rogramdata)[^\n]{1,80}\.([Dd]ll|[Ee]xe|[Vv]bs|[Jj]s|[Cc]pl)/
        $hide = /[Aa]ttrib\s{1,4}\+[hsHS]|[Ss]chtasks|[Cc]urrent[Vv]ersion\\[Rr]un|-[Ww]([Ii]ndowstyle)?\s{1,3}[Hh]idden|[Pp]ing\s{1,3}(-[Nn]\s)?127|[Tt]imeout\s{1,3}\/[Tt]/
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
        max_bytes = 2097151
    strings:
        $rev1 = "llehS.tpircsW" nocase
        $rev2 = "maertS.BDODA" nocase
        $rev3 = "PTTHLMX" nocase
        $rev4 = "tcejbOmetsySeliF" nocase
        $rev5 = "eliFoTdaolnwoD" nocase
        $rev6 = "llehsrewop" nocase
        $cut1 = /"[Ww]sc(" & "[Rr]i|[Rr]" & "[Ii]|[Rr]i" & ")[Pp]t/
        $cut2 = /"([Mm]sx" & "[Mm]l2|[Mm]sxml2" & "|[Aa]do" & "[Dd]b|[Aa]dodb" & ")/
        $glue = /[Ss]tr[Rr]everse\s{0,2}\(/
        $chr = /[Cc]hrw?\( ?(\d{1,3}|&[Hh][0-9a-f]{2}|\w{1,20} ?[-+\/*^] ?\d{1,6})\) ?& ?[Cc]hrw?\(/
        $exec = /[Ee]xecute[Gg]lobal|\b[Ee]xecute ?\(/
        $obj = /[Cc]reate[Oo]bject|[Aa]ctive[Xx][Oo]bject|[Gg]et[Oo]bject/
    condition:
        filesize < 2MB and ((any of ($rev*) and $glue and ($obj or $exec)) or (any of ($cut*) and $obj) or (#chr > 20 and $exec))
}
