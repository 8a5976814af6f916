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
    strings:
        $user1 = /net1?(\.exe)?\s{1,3}user\s{1,3}[^\n]{1,80}\/add/ nocase
        $user2 = "New-LocalUser" nocase
        $admin = /(net1?(\.exe)?\s{1,3}localgroup\s{1,3}["']?(administra|remote desktop|usuarios de escritorio)[^\n]{1,80}\/add|Add-LocalGroupMember)/ nocase
        $rdp = /fDenyTSConnections[^\n]{0,60}(\/d\s{1,3}["']?0|-Value\s{1,3}0|dword:0)|group=["']?(remote desktop|@FirewallAPI\.dll,-28752)/ nocase
        $hide1 = /[Ss]pecial[Aa]ccounts\\[Uu]ser[Ll]ist/
        $hide2 = /[Dd]ontdisplaylastusername|[Ll]imit[Bb]lank[Pp]assword[Uu]se/
        $hide3 = /(net1?(\.exe)?\s{1,3}user|New-LocalUser)\s[^\n]{0,40}\w\$["'\s]/ nocase
        $hide4 = /-w(in(dowstyle)?)?\s{1,3}hidden|attrib\s{1,3}\+[hs]|\bdel\s[^\n]{0,40}%~f?0/ nocase
        $hide5 = /[Aa]pi\.[Tt]elegram\.[Oo]rg|\/[Aa]pi\/[Ww]ebhooks|[Cc]heckip|[Aa]pi\.[Ii]pify|[Ii]fconfig\.[Mm]e/
        $hide6 = /UserAuthentication[^\n]{0,40}(\/d\s{1,3}["']?0|-Value\s{1,3}0)/ nocase
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
    strings:
        $tool = /AteraAgent|atera\.com|ninjarmm|ninjaone|action1_agent|action1\.com|syncromsp|SyncroSetup|PDQConnect|SimpleHelp|splashtop|meshagent|dwagent|fleetdeck|tacticalagent|tacticalrmm|level\.io|supremo\.exe|supremocontrol|getscreen\.me|ZohoAssist|ZA_?Service|aeroadmin|itarian\.com|superops|hoptodesk|RemoteUtilities|rutserv/ nocase
        $fetch = /(Invoke-WebRequest|DownloadFile|DownloadString|Start-BitsTransfer|bitsadmin|certutil|curl(\.exe)?\s{1,3}-|msiexec(\.exe)?\s[^\n]{0,40}https?:|XMLHTTP|wget\s)[^\n]{0,300}https?:|https?:[^\n]{0,200}\.(msi|exe)\b/ nocase
        $quiet = /\/qn\b|\/quiet\b|\/(very)?silent\b|-(fullinstall|silent|quiet|install)\b|--(silent|install)/ nocase
        $hide1 = /-w(in(dowstyle)?)?\s{1,3}hidden\b/ nocase
        $hide2 = /\.Run\s{0,2}\(?[^\n]{1,200},\s{0,2}(0|vbHide)\b/ nocase
        $hide3 = /[Aa]ttrib\s{1,3}\+[hsHS]|[Aa]dd-[Mm]p[Pp]reference[^\n]{1,40}-[Ee]xclusion/
        $hide4 = /SystemComponent[^\n]{0,40}(\/d\s{1,3}["']?1|-Value\s{1,3}1)|ARPSYSTEMCOMPONENT=1/ nocase
        $hide5 = /\bdel\s[^\n]{0,40}%~f?0|Remove-Item[^\n]{0,40}(\$MyInvocation|\$PSCommandPath)/ nocase
        $lure = /(factura|invoice|recibo|comprobante|cfdi|estado de cuenta|pedido|cotizaci)[^\n]{0,40}\.(pdf|xml|docx?)/ nocase
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
    strings:
        $client = "[Client]" nocase
        $gate = /GatewayAddress\s{0,2}=\s{0,2}[^\s:]{4,100}:(443|80|8080|8443|1203|3085|2080|5222|\d{4,5})/ nocase
        $hide1 = /[Ss]ilent\s{0,2}=\s{0,2}1/
        $hide2 = /SysTray\s{0,2}=\s{0,2}0/ nocase
        $hide3 = /HideWhenIdle\s{0,2}=\s{0,2}1/ nocase
        $hide4 = /ShowUIOnConnect\s{0,2}=\s{0,2}0/ nocase
        $hide5 = /Disable(ChatMenu|Disconnect|RequestHelp|Message|ManageServices|Close)\w{0,20}\s{0,2}=\s{0,2}1/ nocase
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
        needs = "ngrok tcp|ngrok.exe|chisel|frpc -c|frpc tcp|frpc http|frpc.exe|cloudflared|ligolo|rathole|localtonet|playit|127.0.0.1:3389|127.0.0.1:5900|127.0.0.1:22|127.0.0.1:445|localhost:3389|localhost:5900|localhost:22|localhost:445|0.0.0.0:3389|0.0.0.0:5900|0.0.0.0:22|0.0.0.0:445"
    strings:
        $t1 = /ngrok(\.exe["']?\s{1,3}| )tcp\s[^\n]{0,60}(3389|5900|22|445)\b/ nocase
        $t2 = /(plink|ssh)(\.exe)?["']?\s[^\n]{0,160}-R\s{0,2}[\w.:*]{0,40}\d{2,5}:(127\.0\.0\.1|localhost|0\.0\.0\.0):(3389|5900|22|445)/ nocase
        $t3 = /chisel(\.exe)?["']?\s{1,3}client\s[^\n]{1,160}R:/ nocase
        $t4 = /frpc(\.exe["']?\s{1,3}| )(-c|tcp|http)\b/ nocase
        $t5 = /cloudflared(\.exe)?["']?\s[^\n]{0,60}(tunnel\s[^\n]{0,40}(run|--url)|service install)[^\n]{1,200}/ nocase
        $t6 = /(ligolo|rathole|localtonet|playit)[^\n]{0,20}\.exe/ nocase
        $hide1 = /-w(in(dowstyle)?)?\s{1,3}hidden/ nocase
        $hide2 = /\.Run\s{0,2}\(?[^\n]{1,200},\s{0,2}(0|vbHide)\b/ nocase
        $hide3 = /CurrentVersion\\Run|schtasks(\.exe)?\s[^\n]{0,20}\/create|sc(\.exe)?\s{1,3}create|New-Service|nssm\s{1,3}install/ nocase
        $fetch = /Invoke-WebRequest|DownloadFile|curl(\.exe)?\s|bitsadmin|certutil|%(temp|appdata|public|programdata)%|\\Users\\Public|\\ProgramData|\$env:(temp|appdata|public|programdata)/ nocase
    condition:
        filesize < 500KB and uint16(0) != 0x5A4D and uint16(0) != 0x457f and any of ($t*) and any of ($hide*) and $fetch
}
