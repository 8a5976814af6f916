/* SPDX-License-Identifier: Apache-2.0 */
/* Routers, cameras, firewalls and mail servers by the paths of their known holes. */
rule Request_Router_Command
{
    meta:
        author = "Vigia"
        description_es = "una orden para tomar un router o una cámara"
        description_en = "an order to take over a router or a camera"
        reference = "https://attack.mitre.org/techniques/T1190/"
        severity = "high"
        needs = "diag_form|setup.cgi|cgi-bin/;|currentsetting.htm|/hnap1|command.php|diagnostic.php|apply_sec.cgi"
        or_needs = "nas_sharing.cgi|/boafrm/|hedwig.cgi|soap.cgi|ztp/cgi-bin|viewlog.asp|weblogin.cgi|remote_submit_flag"
        or_needs = "remote_syslog_flag|remote_host|/luci/;stok|xwebpagename|deviceupgrade_1|picsdesc.xml|picdesc.xml"
        or_needs = "wanipcn.xml|tmunblock.cgi|hndunblock.cgi|sdk/weblanguage|auth=ywrtaw46mtek|language/swedish|/shell?"
        or_needs = "device.rsp|board.cgi|/supervisor/|backup.rsp|dvr/cmd|search.cgi|factory.cgi|config.cgi|.cgi?|.asp?"
        or_needs = ".htm?|.lua?|.sh?|/ud/act?1|newstatusurl|newdownloadurl|newinternalclient|newntpserver1"
    strings:
        $gpon = /uri(\.plain)?: \/GponForm\/diag_Form\?(images|style)/ nocase
        $netgear = /uri(\.plain)?: \/(setup\.cgi\?[^\n]{0,80}(todo=syscmd|cmd=)|cgi-bin\/;|currentsetting\.htm[^\n]{0,60}cmd)/ nocase
        $hnap1 = /uri: \/HNAP1\/?/ nocase
        $hnap2 = /soapaction:[^\n]{0,120}(`|\$\(|;)/ nocase
        $dlink = /uri(\.plain)?: \/(command\.php|diagnostic\.php|apply_sec\.cgi|cgi-bin\/nas_sharing\.cgi\?[^\n]{0,80}(cmd|system)=|boafrm\/form(Sys|Ping)|hedwig\.cgi|soap\.cgi\?service=[^\n]{0,10}[;`$&])/ nocase
        $zyxel = /uri(\.plain)?: \/(ztp\/cgi-bin\/handler|cgi-bin\/ViewLog\.asp|adv,\/cgi-bin\/weblogin\.cgi\?[^\n]{0,80}username=[^\n]{0,20}[;']|cgi-bin\/weblogin\.cgi)/ nocase
        $viewlog = /remote_(submit_Flag|syslog_Flag|host)=[^\n]{0,200}(;|%3b|wget|cd\s|busybox)/ nocase
        $tplink = /uri(\.plain)?: \/cgi-bin\/luci\/;stok=\/locale\?[^\n]{0,80}(country|operation=write)[^\n]{0,80}(\$\(|%24%28|`|;)/ nocase
        $dasan = /XWebPageName=diag&diag_action=ping/ nocase
        $huawei = /uri: \/ctrlt\/DeviceUpgrade_1/ nocase
        $realtek = /uri: \/(picsdesc\.xml|wanipcn\.xml|picdesc\.xml)/ nocase
        $upgrade = /<New(StatusURL|DownloadURL|InternalClient)>[^\n<]{0,20}(\$\(|`)/ nocase
        $linksys = /uri: \/(tmUnblock\.cgi|hndUnblock\.cgi)/ nocase
        $hikvision1 = /uri: \/SDK\/webLanguage/ nocase
        $hikvision2 = /uri: \/[^\n]{0,80}auth=YWRtaW46MTEK/
        $dvr = /uri(\.plain)?: \/(language\/Swedish\$\{|shell\?[^\n]{1,200}|device\.rsp\?opt=user&cmd=list|board\.cgi\?cmd=|cgi-bin\/supervisor\/[^\n]{0,60}(adcommand|CloudSetup)\.cgi|backup\.rsp|dvr\/cmd)/ nocase
        $avtech = /uri(\.plain)?: \/cgi-bin\/(nobody\/Search\.cgi\?action=cgi_query|supervisor\/Factory\.cgi|user\/Config\.cgi)/ nocase
        $tbk = /uri(\.plain)?: \/device\.rsp\?[^\n]{0,60}(S_O_S_T_R_E_A_MAX|cmd=)/ nocase
        $ddwrt = /uri(\.plain)?: \/cgi-bin\/;/ nocase
        $tr064 = /<NewNTPServer1>\s?[`;$]/ nocase
        $generic = /uri(\.plain)?: [^\n?]{1,80}\.(cgi|asp|htm|lua|sh)\?[^\n]{0,400}(;|\||`|\$\(|&&)\s{0,3}(wget|curl|tftp|busybox|rm\s|cd\s\/tmp|telnetd|nc\s|sh\s|mkdir|utelnetd)/ nocase
        $post = "method: POST\n"
        $adb = "/UD/act?1" nocase
    condition:
        any of ($gpon, $netgear, $dlink, $viewlog, $tplink, $dasan, $huawei, $upgrade, $linksys, $hikvision*, $dvr, $avtech, $tbk, $ddwrt, $tr064, $generic, $adb) or
        ($hnap1 and $hnap2) or ($post and any of ($zyxel, $realtek))
}

rule Request_Appliance_Hole
{
    meta:
        author = "Vigia"
        description_es = "un ataque conocido contra un equipo de seguridad o correo"
        description_en = "a known attack on a security or mail appliance"
        reference = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog"
        severity = "high"
        needs = "/vpns/|gwtest/formssso|oauth/idp/.well-known|pcidss/report|tmui/login.jsp|mgmt/tm/util"
        or_needs = "mgmt/shared/authn|/remote/|api/v2/cmdb|/dana-na/|api/v1/totp|api/v1/cav/|license/keys-status"
        or_needs = "autodiscover.json|: /ecp/|anonresource-backend|x-beresource|: /owa/|vropspluginui|telemetry/ph/api"
        or_needs = "catalog-portal/ui|jarrewrite.sh|supportinstaller|/viewcert|/sslvpnclient|global-protect/login.esp"
        or_needs = "ssl-vpn/hipreport|ztp_gate.php|/unauth/|+cscot+|+cscou+|webui/logoutconfirm|%2577ebui|%77eb%75i_wsma"
        or_needs = "/service/extension|/service/proxy|server-info.action|setupadministrator.action|tinymce/1/macro"
        or_needs = "text-inline.vm|enterpagevariables.action|createpage-entervariables|guestaccess.aspx|moveitisapi"
        or_needs = "human2.aspx|ssh_priv|salt-ssh|x-middleware-subrequest|18446744073709551615|setupwizard.aspx"
        or_needs = "setupcompleted|if: <http://"
    strings:
        $citrix1 = /uri(\.plain)?: \/vpn\/\.\.\/vpns\/|uri: \/vpns\/(portal\/scripts\/|cfg\/smb\.conf)/ nocase
        $citrix2 = /uri(\.plain)?: \/(gwtest\/formssso|oauth\/idp\/\.well-known|pcidss\/report\?type=allprofiles)/ nocase
        $f5 = /uri(\.plain)?: \/tmui\/login\.jsp\/\.\.;|uri: \/mgmt\/(tm\/util\/bash|shared\/authn\/login)/ nocase
        $forti = /uri(\.plain)?: \/remote\/(fgt_lang\?lang=[^\n]{0,40}\.\.|hostcheck_validate|logincheck)[^\n]{0,20}(\.\.|sslvpn_websession)|uri: \/api\/v2\/cmdb\/system\/admin/ nocase
        $pulse = /uri(\.plain)?: \/dana-na\/[^\n]{0,80}(\.\.\/|dana\/html5acc)|uri: \/api\/v1\/(totp\/user-backup-code|cav\/client)\/\.\.|license\/keys-status\/[^\n]{0,20}(;|%3b)/ nocase
        $proxyshell = /uri(\.plain)?: \/autodiscover\/autodiscover\.json[^\n]{0,80}@[^\n]{0,80}(\/(powershell|mapi|ews|ecp)|powershell)/ nocase
        $proxylogon = /uri(\.plain)?: \/ecp\/\w{1,16}\.(js|css|png|flt|skin)\n/ nocase
        $proxylogon2 = /X-(AnonResource-Backend|BEResource)=[^\n;]{0,40}(\/|~)/ nocase
        $owassrf = /uri(\.plain)?: \/owa\/[^\n]{0,60}(mastermailbox|\/powershell)/ nocase
        $vmware = /uri(\.plain)?: \/(ui\/vropspluginui\/rest\/services\/uploadova|analytics\/telemetry\/ph\/api|catalog-portal\/ui\/oauth\/verify\?[^\n]{0,40}deviceUdid=[^\n]{0,20}\$)/ nocase
        $sonic = /uri(\.plain)?: \/cgi-bin\/(jarrewrite\.sh|supportInstaller|viewcert|sslvpnclient\?[^\n]{0,60}(swcctn|;))/ nocase
        $panos = /uri(\.plain)?: \/(global-protect\/login\.esp|ssl-vpn\/hipreport\.esp|php\/ztp_gate\.php\/\.js\.map|unauth\/[^\n]{0,40}\.\.)/ nocase
        $sess = /SESSID=\s?[^\n;]{0,80}(\.\.\/|`|\$\{)/
        $cisco = /uri(\.plain)?: \/(\+CSCOT\+\/(translation-table|oem-customization)\?[^\n]{0,80}(\.\.|\+CSCOE)|\+CSCOU\+\/\.\.|webui\/logoutconfirm\.html\?logon_hash|%2577ebui|%77eb%75i_wsma)/ nocase
        $zimbra = /uri(\.plain)?: \/service\/(extension\/(backup|backup\/mboximport)|proxy\?target=)/ nocase
        $confluence = /uri(\.plain)?: \/(server-info\.action\?bootstrapStatusProvider|setup\/setupadministrator\.action|rest\/tinymce\/1\/macro\/preview|template\/aui\/text-inline\.vm|pages\/(doenterpagevariables|createpage-entervariables)\.action)/ nocase
        $moveit = /uri(\.plain)?: \/(guestaccess\.aspx|moveitisapi\/moveitisapi\.dll\?action=m2|human2\.aspx)/ nocase
        $saltstack = /uri: \/run\n[\s\S]{0,400}(ssh_priv|salt-ssh)/
        $nextjs = /x-middleware-subrequest: /
        $httpsys = /\bRange: bytes=\d{1,5}-18446744073709551615/ nocase
        $webdav = /\n?If: <http:\/\/[^\n>]{100}/ nocase
        $screenconnect = /uri(\.plain)?: \/SetupWizard\.aspx\/\S/ nocase
        $papercut = /uri(\.plain)?: \/app\?service=page\/SetupCompleted/ nocase
        $post = "method: POST\n"
    condition:
        any of ($citrix*, $f5, $forti, $pulse, $proxyshell, $proxylogon2, $owassrf, $vmware, $cisco, $zimbra, $confluence, $moveit, $saltstack, $nextjs, $httpsys, $webdav, $screenconnect, $papercut) or
        ($post and any of ($proxylogon, $sonic)) or ($panos and $sess)
}

rule Request_SharePoint_Hole
{
    meta:
        author = "Vigia"
        description_es = "un ataque conocido contra un equipo de seguridad o correo"
        description_en = "a known attack on a security or mail appliance"
        reference = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog"
        severity = "high"
        needs = "/_layouts/15/|/_layouts/16/"
        needs = "method: post|signout.aspx"
    strings:
        $sharepoint = /uri(\.plain)?: \/_layouts\/1[56]\/(ToolPane\.aspx\?DisplayMode=Edit|Picker\.aspx)/ nocase
        $signout = /referer: [^\n]{0,80}\/_layouts\/SignOut\.aspx/ nocase
        $post = "method: POST\n"
    condition:
        $sharepoint and ($signout or $post)
}

rule Request_Shop_Plugin
{
    meta:
        author = "Vigia"
        description_es = "un ataque conocido contra un complemento de tienda en línea"
        description_en = "a known attack on a plug-in of an online shop"
        reference = "https://attack.mitre.org/techniques/T1190/"
        severity = "high"
        needs = "revslider_|duplicator_download|wp-file-manager|timthumb.php|/collection-data?|rest_route="
        or_needs = "ae_duplicate_page|elementor_upload_and_install_pro|elementor_ajax|bricks/v1|/wp/v2/users|cms_wysiwyg"
        or_needs = "default_role|users_can_register|uploadimage.php|upload_image.php|file_upload.php|ajaxupload.php"
        or_needs = "ajax_upload.php|uploader.php|{{block|{{config|{{var"
    strings:
        $revslider = /revslider_show_image[^\n]{0,40}img=[^\n]{0,40}\.\.|revslider_ajax_action[^\n]{0,80}update_plugin/ nocase
        $duplicator = /duplicator_download[^\n]{0,60}file=[^\n]{0,20}\.\./ nocase
        $filemanager = /\/wp-file-manager\/lib\/php\/connector\.minimal\.php/ nocase
        $timthumb = /timthumb\.php\?[^\n]{0,20}src=https?:\/\/[^\n]{4,120}\.php/ nocase
        $woo = /\/wp-json\/wc\/store\/products\/collection-data\?[^\n]{0,120}calculate_attribute_counts[^\n]{0,120}taxonomy/ nocase
        $restsql = /\?rest_route=[^\n]{0,120}(select|sleep|union)/ nocase
        $elementor = /action=(ae_duplicate_page|elementor_upload_and_install_pro|elementor_ajax)[^\n]{0,200}\.php/ nocase
        $bricks = /\/wp-json\/bricks\/v1\/render_element/ nocase
        $users = /\/wp-json\/wp\/v2\/users\/\?[^\n]{0,80}(reassign|roles=administrator)/ nocase
        $setting = /action=[^\n&]{0,60}(update_options?|save_settings?|import_settings)[^\n]{0,120}(default_role|users_can_register)/ nocase
        $magento1 = /\/(index\.php\/)?admin\/Cms_Wysiwyg\/directive/ nocase
        $magento2 = /\{\{(block|config|var)\s[^\n}]{0,80}(getTemplateFilter|addAfterFilterCallback|forward=)/ nocase
        $presta = /\/modules\/[\w-]{1,40}\/[^\n]{0,80}(uploadimage|upload_image|file_upload|ajax_?upload|uploader)\.php/ nocase
        $post = "method: POST\n"
    condition:
        any of ($revslider, $duplicator, $timthumb, $restsql, $setting, $magento2) or
        ($post and any of ($filemanager, $elementor, $bricks, $users, $magento1, $presta)) or $woo
}
