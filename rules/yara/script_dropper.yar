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
        max_bytes = 1048575
    strings:
        $com = /[Cc]reate[Oo]bject\s{0,2}\(/
        $get1 = /XMLHTTP|WinHttpRequest/ nocase
        $save = "SaveToFile" nocase
        $get2 = /[Uu][Rr][Ll][Dd]ownload[Tt]o[Ff]ile|[Ss]tart-[Bb]its[Tt]ransfer|[Bb]itsadmin[^\n]{0,20}\/[Tt]ransfer|[Cc]ertutil[^\n]{0,40}-[Uu]rlcache|[Dd]ownload[Ff]ile|[Ii]nvoke-[Ww]eb[Rr]equest/
        $shell = /[Ww][Ss]cript\.[Ss]hell|[Ss]hell\.[Aa]pplication|[Ww]in32_[Pp]rocess/
        $run = /\.([Rr]un|[Ee]xec|[Ss]hell[Ee]xecute|[Cc]reate)\b\s{0,2}[(" ]/
        $temp = /%[Tt]e?[Mm]p%|%[Aa]ppdata%|%[Pp]ublic%|%[Ll]ocalappdata%|[Gg]et[Ss]pecial[Ff]older\s?\(\s?2|[Ee]xpand[Ee]nvironment[Ss]trings|\\[Uu]sers\\[Pp]ublic|\\[Pp]rogram[Dd]ata|\\[Aa]pp[Dd]ata\\/
        $url = /[Hh]ttps?:\/\//
        $vbs = /[Oo]n [Ee]rror [Rr]esume [Nn]ext|\b[Ee]nd ([Ii]f|[Ss]ub|[Ff]unction)\b|\b[Dd]im \w/
        $hidden = /\.([Rr]un|[Ss]hell[Ee]xecute|[Cc]reate)\b[^\n]{1,300}, ?(0|[Ff]alse|[Vv]b[Hh]ide|[Nn]ull)\b|-[Ww]([Ii]ndowstyle)?\s{1,3}[Hh]idden/
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
        max_bytes = 2097151
    strings:
        $com = /[Nn]ew [Aa]ctive[Xx][Oo]bject\s{0,2}\(|[Ww][Ss]cript\.[Cc]reate[Oo]bject\s{0,2}\(/
        $get1 = /([Mm][Ss][Xx][Mm][Ll]2\.|[Mm]icrosoft\.)([Ss]erver)?[Xx][Mm][Ll][Hh][Tt][Tt][Pp]|[Ww]in[Hh]ttp[Rr]equest/
        $get2 = /[Bb]itsadmin[^\n]{0,20}\/[Tt]ransfer|[Cc]ertutil[^\n]{0,40}-[Uu]rlcache|[Pp]owershell[^\n]{0,200}([Dd]ownload([Ff]ile|[Ss]tring)|[Ii]wr|[Ii]nvoke-[Ww]eb[Rr]equest|-[Ee]nc|[Ff]rom[Bb]ase64)/
        $save = /[Ss]ave[Tt]o[Ff]ile|\b[Ee]val\s{0,2}\(\s{0,2}\w{1,20}\.[Rr]esponse[Tt]ext|[Cc]reate[Tt]ext[Ff]ile|[Oo]pen[Tt]ext[Ff]ile/
        $host = /[Ww][Ss]cript\.([Ss]hell|[Ss]cript[Ff]ull[Nn]ame|[Ss]leep|[Qq]uit|[Aa]rguments)|[Ss]hell\.[Aa]pplication/
        $run = /\.([Rr]un|[Ee]xec|[Ss]hell[Ee]xecute)\b\s{0,2}\(/
        $page = /<\/([Ss]cript|[Hh]tml|[Bb]ody)>/
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
        max_bytes = 2097151
    strings:
        $page = /<([Hh]ta:[Aa]pplication|[Ss]cript|[Hh]tml|[Hh]ead)/
        $com = /[Ww][Ss]cript\.[Ss]hell|[Ss]hell\.[Aa]pplication|[Ww]in32_[Pp]rocess|[Ww]inmgmts:/
        $run = /\.([Rr]un|[Ee]xec|[Ss]hell[Ee]xecute|[Cc]reate)\b\s{0,2}[(" ]/
        $what = /[Pp]owershell|[Cc]md(\.[Ee]xe)?\s{0,2}["']?\s{0,2}\/[ckCK]|[Mm]shta|[Rr]undll32|[Rr]egsvr32|[Cc]ertutil|[Bb]itsadmin|[Ww]script\.[Ee]xe|[Cc]url(\.[Ee]xe)?\s/
        $hide1 = /([Ww]indow|[Ss]elf)\.[Cc]lose\s{0,2}\(?/
        $hide2 = /([Rr]esize[Tt]o|[Mm]ove[Tt]o)\s{0,2}\(?\s{0,2}(0|-\d|1\s{0,2},)/
        $hide3 = /[Ww]indow[Ss]tate\s{0,2}=\s{0,2}["']?[Mm]inimize/
        $hide4 = /[Ss]how[Ii]n[Tt]askbar\s{0,2}=\s{0,2}["']?([Nn]o|[Ff]alse)/
        $far = /[Hh]ttps?:\/\/| -[Ee]([Cc]|[Nn]c|[Nn]codedcommand)? {1,2}[A-Za-z0-9+\/]{40}|[Ff]rom[Bb]ase64[Ss]tring/
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
        $tool = /[Pp]owershell|[Cc]md\.[Ee]xe|[Mm]shta\.[Ee]xe|[Ww]script|[Rr]undll32|[Cc]ertutil|[Bb]itsadmin|[Cc]url\.[Ee]xe|[Mm]siexec|[Cc]onhost|[Ff]orfiles|[Rr]egsvr32/ ascii wide
        $do1 = /(mshta|msiexec|curl|certutil|bitsadmin|Invoke-WebRequest|Net\.WebClient|Start-BitsTransfer|regsvr32|rundll32|wscript)[^\x00]{0,200}https?:\/\// nocase ascii
        $do2 = /\x00[Hh]\x00[Tt]\x00[Tt]\x00[Pp]\x00([Ss]\x00)?:\x00\/\x00\/\x00/
        $do3 = / -[Ee]([Cc]|[Nn]c|[Nn]codedcommand)? {1,2}["']?[A-Za-z0-9+\/]{60}/ ascii wide
        $do4 = /[Ff]rom[Bb]ase64[Ss]tring|[Dd]av[Ww][Ww][Ww][Rr]oot|@[Ss][Ss][Ll]\\/ ascii wide
        $do5 = /-(w|W|win|Win|WindowStyle|windowstyle)\s{1,3}[Hh]idden [^\n]{0,400}([Ii]ex|[Ii]nvoke-[Ee]xpression|[Ss]tart-[Pp]rocess|\|\s?[Ii]ex|\.[Ll]nk|\[[Ii][Oo]\.[Ff]ile\]|[Rr]ead[Aa]ll[Bb]ytes)/ ascii wide
        $do6 = /([Ff]indstr|[Ff]or \/[Ff])[^\n]{1,300}\.[Ll]nk/ ascii wide
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
        max_bytes = 511999
    strings:
        $bat = /@[Ee]cho [Oo]ff|%([Tt]emp|[Aa]ppdata|[Pp]ublic|[Ll]ocalappdata|[Pp]rogramdata)%|[Ss]etlocal/
        $get1 = /[Cc]ertutil(\.[Ee]xe)?\s[^\n]{0,60}-[Uu]rlcache[^\n]{1,200}[Hh]ttps?:/
        $get2 = /[Bb]itsadmin(\.[Ee]xe)?\s[^\n]{0,60}\/[Tt]ransfer[^\n]{1,200}[Hh]ttps?:/
        $get3 = /(curl|curl\.exe|wget) -[^\n]{0,200}https?:\/\/[^\n]{1,300}/ nocase
        $get4 = /[Pp]owershell[^\n]{0,200}([Dd]ownload([Ff]ile|[Ss]tring)|[Ii]nvoke-[Ww]eb[Rr]equest|[Ss]tart-[Bb]its[Tt]ransfer)[^\n]{1,200}[Hh]ttps?:/
        $put = /%([Tt]emp|[Aa]ppdata|[Pp]ublic|[Ll]ocalappdata|[Pp]rogramdata)%\\[^\n]{1,120}\.([Ee]xe|[Dd]ll|[Vv]bs|[Jj]s|[Pp]s1|[Bb]at|[Cc]md|[Zz]ip|[Mm]si|[Ss]cr|[Hh]ta)/
        $put2 = /[Cc]:\\([Uu]sers\\[Pp]ublic|[Pp]rogramdata|[Ww]indows\\[Tt]emp)\\[^\n]{1,120}\.([Ee]xe|[Dd]ll|[Vv]bs|[Jj]s|[Pp]s1|[Bb]at|[Cc]md|[Zz]ip|[Mm]si|[Ss]cr|[Hh]ta)/
        $trace1 = /\b[Dd]el\s[^\n]{0,40}%~([Ff]|[Dd]pnx|[Ss])?0/
        $trace2 = /[Aa]ttrib\s{1,3}(\+[hsHS]\s?){1,2}/
        $trace3 = /[Rr]eg(\.[Ee]xe)?\s{1,3}[Aa]dd[^\n]{1,80}[Cc]urrent[Vv]ersion\\[Rr]un/
        $trace4 = /[Ss]chtasks(\.[Ee]xe)?\s[^\n]{0,20}\/[Cc]reate/
        $trace5 = /[Cc]opy\s[^\n]{1,200}[Ss]tart [Mm]enu\\[Pp]rograms\\[Ss]tartup|[Pp]rograms\\[Ss]tartup\\[^\n]{1,60}\.([Bb]at|[Vv]bs|[Ee]xe|[Ll]nk)/
        $trace6 = /-[Ww]([Ii]n([Dd]owstyle)?)?\s{1,3}[Hh]idden/
        $trace7 = /[Aa]dd-[Mm]p[Pp]reference[^\n]{1,40}-[Ee]xclusion[Pp]ath/
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
        max_bytes = 20971519
    strings:
        $self1 = /([Rr]ead[Aa]ll[Tt]ext|[Rr]ead[Aa]ll[Ll]ines|[Rr]ead[Ll]ines|[Gg]et-[Cc]ontent|[Gg]c)[^\n]{0,60}(%~[Ff]0|%~[Dd]pnx0|%~[Nn]x0|%~0|\$[Ee]nv:\w{1,20})/
        $self2 = /[Cc]ertutil(\.[Ee]xe)?\s{1,3}-[Dd]ecode\s{1,3}["']?%~([Ff]|[Dd]pnx|[Nn]x)?0/
        $self3 = /(%~f0|%~dpnx0|%~0)/
        $b64 = "FromBase64String" nocase
        $load = /[Rr]eflection\.[Aa]ssembly\]?::[Ll]oad|\.[Ee]ntry[Pp]oint\.[Ii]nvoke|\.[Ii]nvoke\(\$[Nn]ull|[Gg][Zz]ip[Ss]tream|[Aa]es[Mm]anaged|[Aa]es\]::[Cc]reate|[Cc]reate[Dd]ecryptor/
        $start = /[Ss]tart\s[^\n]{0,60}%([Tt]emp|[Aa]ppdata|[Pp]ublic|[Ll]ocalappdata|[Tt]mp)%|%([Tt]emp|[Tt]mp|[Aa]ppdata|[Pp]ublic)%\\[^\n]{1,60}\.([Ee]xe|[Dd]ll|[Ss]cr)\b/
    condition:
        filesize < 20MB and uint16(0) != 0x5A4D and (($b64 and $self1 and $self3 and $load) or ($self2 and $start))
}
