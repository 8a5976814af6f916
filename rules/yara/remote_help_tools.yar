/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Remote_Help_Secret_Admin
{
    meta:
        author = "Vigia"
        description_es = "script que crea un administrador escondido y abre el escritorio remoto"
        description_en = "a script that makes a hidden administrator and opens the remote desktop"
        reference = "https://attack.mitre.org/techniques/T1136/001/"
        severity = "critical"
        false_positives = "A technician's script that prepares a computer; it does not hide the account."
        needs = "fdenytsconnections|remote desktop|firewallapi.dll,-28752"
        needs = "localgroup"
        max_bytes = 1048575
    strings:
        $user1 = /[Nn]et1?(\.[Ee]xe)?\s{1,3}[Uu]ser\s{1,3}[^\n]{1,80}\/[Aa]dd/
        $user2 = "New-LocalUser" nocase
        $admin = /([Nn]et1?(\.[Ee]xe)?\s{1,3}[Ll]ocalgroup\s{1,3}["']?([Aa]dministra|[Rr]emote [Dd]esktop|[Uu]suarios [Dd]e [Ee]scritorio)[^\n]{1,80}\/[Aa]dd|[Aa]dd-[Ll]ocal[Gg]roup[Mm]ember)/
        $rdp = /[Ff][Dd]eny[Tt][Ss][Cc]onnections[^\n]{0,60}(\/[Dd]\s{1,3}["']?0|-[Vv]alue\s{1,3}0|[Dd]word:0)|[Gg]roup=["']?([Rr]emote [Dd]esktop|@[Ff]irewall[Aa][Pp][Ii]\.[Dd]ll,-28752)/
        $hide1 = /[Ss]pecial[Aa]ccounts\\[Uu]ser[Ll]ist/
        $hide2 = /[Dd]ontdisplaylastusername|[Ll]imit[Bb]lank[Pp]assword[Uu]se/
        $hide3 = /([Nn]et1?(\.[Ee]xe)?\s{1,3}[Uu]ser|[Nn]ew-[Ll]ocal[Uu]ser)\s[^\n]{0,40}\w\$["'\s]/
        $hide4 = /-[Ww]([Ii]n([Dd]owstyle)?)?\s{1,3}[Hh]idden|[Aa]ttrib\s{1,3}\+[hsHS]|\b[Dd]el\s[^\n]{0,40}%~[Ff]?0/
        $hide5 = /[Aa]pi\.[Tt]elegram\.[Oo]rg|\/[Aa]pi\/[Ww]ebhooks|[Cc]heckip|[Aa]pi\.[Ii]pify|[Ii]fconfig\.[Mm]e/
        $hide6 = /[Uu]ser[Aa]uthentication[^\n]{0,40}(\/[Dd]\s{1,3}["']?0|-[Vv]alue\s{1,3}0)/
    condition:
        filesize < 1MB and uint16(0) != 0x457f and any of ($user*) and $admin and $rdp and any of ($hide*)
}

rule Vigia_Remote_Help_Hidden_Agent
{
    meta:
        author = "Vigia"
        description_es = "script que baja e instala sin avisar un programa de administración remota"
        description_en = "a script that fetches and silently installs a remote administration program"
        reference = "https://attack.mitre.org/techniques/T1219/"
        severity = "high"
        false_positives = "Your IT provider may enrol computers this way: ask them. They will not hide the window."
        needs = "ateraagent|atera.com|ninjarmm|ninjaone|action1|syncromsp|syncrosetup|pdqconnect|simplehelp|splashtop|meshagent|dwagent|fleetdeck|tacticalagent|tacticalrmm|level.io|supremo.exe|supremocontrol|getscreen.me|zohoassist|zaservice|za_service|aeroadmin|itarian.com|superops|hoptodesk|remoteutilities|rutserv"
        max_bytes = 1048575
    strings:
        $tool = /[Aa]tera[Aa]gent|[Aa]tera\.[Cc]om|[Nn]injarmm|[Nn]injaone|[Aa]ction1_[Aa]gent|[Aa]ction1\.[Cc]om|[Ss]yncromsp|[Ss]yncro[Ss]etup|[Pp][Dd][Qq][Cc]onnect|[Ss]imple[Hh]elp|[Ss]plashtop|[Mm]eshagent|[Dd]wagent|[Ff]leetdeck|[Tt]acticalagent|[Tt]acticalrmm|[Ll]evel\.[Ii]o|[Ss]upremo\.[Ee]xe|[Ss]upremocontrol|[Gg]etscreen\.[Mm]e|[Zz]oho[Aa]ssist|[Zz][Aa]_?[Ss]ervice|[Aa]eroadmin|[Ii]tarian\.[Cc]om|[Ss]uperops|[Hh]optodesk|[Rr]emote[Uu]tilities|[Rr]utserv/
        $fetch = /(Invoke-WebRequest|DownloadFile|DownloadString|Start-BitsTransfer|bitsadmin|certutil|curl(\.exe)?\s{1,3}-|msiexec(\.exe)?\s[^\n]{0,40}https?:|XMLHTTP|wget\s)[^\n]{0,300}https?:|https?:[^\n]{0,200}\.(msi|exe)\b/ nocase
        $quiet = /\/[Qq]n\b|\/[Qq]uiet\b|\/([Vv]ery)?[Ss]ilent\b|-([Ff]ullinstall|[Ss]ilent|[Qq]uiet|[Ii]nstall)\b|--([Ss]ilent|[Ii]nstall)/
        $hide1 = /-[Ww]([Ii]n([Dd]owstyle)?)?\s{1,3}[Hh]idden\b/
        $hide2 = /(\.Run|\.run)[ (][^\n]{1,200},\s{0,2}(0|[Vv]b[Hh]ide)\b/
        $hide3 = /[Aa]ttrib\s{1,3}\+[hsHS]|[Aa]dd-[Mm]p[Pp]reference[^\n]{1,40}-[Ee]xclusion/
        $hide4 = /[Ss]ystem[Cc]omponent[^\n]{0,40}(\/[Dd]\s{1,3}["']?1|-[Vv]alue\s{1,3}1)|[Aa][Rr][Pp][Ss][Yy][Ss][Tt][Ee][Mm][Cc][Oo][Mm][Pp][Oo][Nn][Ee][Nn][Tt]=1/
        $hide5 = /\b[Dd]el\s[^\n]{0,40}%~[Ff]?0|[Rr]emove-[Ii]tem[^\n]{0,40}(\$[Mm]y[Ii]nvocation|\$[Pp][Ss][Cc]ommand[Pp]ath)/
        $lure = /([Ff]actura|[Ii]nvoice|[Rr]ecibo|[Cc]omprobante|[Cc]fdi|[Ee]stado [Dd]e [Cc]uenta|[Pp]edido|[Cc]otizaci)[^\n]{0,40}\.([Pp]df|[Xx]ml|[Dd]ocx?)/
    condition:
        filesize < 1MB and uint16(0) != 0x5A4D and uint16(0) != 0x457f and $tool and $fetch and $quiet and (2 of ($hide*) or ($lure and any of ($hide*)))
}

rule Vigia_Remote_Help_Hidden_Client
{
    meta:
        author = "Vigia"
        description_es = "ajuste de un programa de control remoto para que trabaje sin que se vea"
        description_en = "a setting of a remote control program that makes it work unseen"
        reference = "https://attack.mitre.org/techniques/T1219/"
        severity = "high"
        false_positives = "Classroom software may hide its icon, but then its gateway is the school's."
        needs = "gatewayaddress"
        needs = "[client]"
        max_bytes = 65535
    strings:
        $client = "[Client]" nocase
        $gate = /[Gg]ateway[Aa]ddress\s{0,2}=\s{0,2}[^\s:]{4,100}:(443|80|8080|8443|1203|3085|2080|5222|\d{4,5})/
        $hide1 = /[Ss]ilent\s{0,2}=\s{0,2}1/
        $hide2 = /[Ss]ys[Tt]ray\s{0,2}=\s{0,2}0/
        $hide3 = /[Hh]ide[Ww]hen[Ii]dle\s{0,2}=\s{0,2}1/
        $hide4 = /[Ss]how[Uu][Ii][Oo]n[Cc]onnect\s{0,2}=\s{0,2}0/
        $hide5 = /[Dd]isable([Cc]hat[Mm]enu|[Dd]isconnect|[Rr]equest[Hh]elp|[Mm]essage|[Mm]anage[Ss]ervices|[Cc]lose)\w{0,20}\s{0,2}=\s{0,2}1/
    condition:
        filesize < 64KB and $client and $gate and 3 of ($hide*)
}

rule Vigia_Remote_Help_Tunnel
{
    meta:
        author = "Vigia"
        description_es = "script que abre un túnel para entrar a este equipo desde internet"
        description_en = "a script that opens a tunnel to reach this computer from the internet"
        reference = "https://attack.mitre.org/techniques/T1572/"
        severity = "high"
        false_positives = "Developers open such tunnels for tests, in plain sight and not from the start of Windows."
        needs = "ngrok tcp|ngrok.exe|chisel|frpc -c|frpc tcp|frpc http|frpc.exe|cloudflared|ligolo|rathole|localtonet|playit.exe|playit-|127.0.0.1:3389|127.0.0.1:5900|127.0.0.1:22|127.0.0.1:445|localhost:3389|localhost:5900|localhost:22|localhost:445|0.0.0.0:3389|0.0.0.0:5900|0.0.0.0:22|0.0.0.0:445"
        max_bytes = 511999
    strings:
        $t1 = /[Nn]grok(\.[Ee]xe["']?\s{1,3}| )[Tt]cp\s[^\n]{0,60}(3389|5900|22|445)\b/
        $t2 = /([Pp]link|[Ss]sh)(\.[Ee]xe)?["']?\s[^\n]{0,160}-[Rr]\s{0,2}[\w.:*]{0,40}\d{2,5}:(127\.0\.0\.1|[Ll]ocalhost|0\.0\.0\.0):(3389|5900|22|445)/
        $t3 = /[Cc]hisel(\.[Ee]xe)?["']?\s{1,3}[Cc]lient\s[^\n]{1,160}[Rr]:/
        $t4 = /[Ff]rpc(\.[Ee]xe["']?\s{1,3}| )(-[Cc]|[Tt]cp|[Hh]ttp)\b/
        $t5 = /[Cc]loudflared(\.[Ee]xe)?["']?\s[^\n]{0,60}([Tt]unnel\s[^\n]{0,40}([Rr]un|--[Uu]rl)|[Ss]ervice [Ii]nstall)[^\n]{1,200}/
        $t6 = /([Ll]igolo|[Rr]athole|[Ll]ocaltonet)[^\n]{0,20}\.exe|[Pp]layit(-\w{1,20})?\.exe/
        $hide1 = /-[Ww]([Ii]n([Dd]owstyle)?)?\s{1,3}[Hh]idden/
        $hide2 = /(\.Run|\.run)[ (][^\n]{1,200},\s{0,2}(0|[Vv]b[Hh]ide)\b/
        $hide3 = /[Cc]urrent[Vv]ersion\\[Rr]un|[Ss]chtasks(\.[Ee]xe)?\s[^\n]{0,20}\/[Cc]reate|[Ss]c(\.[Ee]xe)?\s{1,3}[Cc]reate|[Nn]ew-[Ss]ervice|[Nn]ssm\s{1,3}[Ii]nstall/
        $fetch = /[Ii]nvoke-[Ww]eb[Rr]equest|[Dd]ownload[Ff]ile|[Cc]url(\.[Ee]xe)?\s|[Bb]itsadmin|[Cc]ertutil|%([Tt]emp|[Aa]ppdata|[Pp]ublic|[Pp]rogramdata)%|\\[Uu]sers\\[Pp]ublic|\\[Pp]rogram[Dd]ata|\$[Ee]nv:([Tt]emp|[Aa]ppdata|[Pp]ublic|[Pp]rogramdata)/
    condition:
        filesize < 500KB and uint16(0) != 0x5A4D and uint16(0) != 0x457f and any of ($t*) and any of ($hide*) and $fetch
}
