/* SPDX-License-Identifier: Apache-2.0 */
rule Request_Webshell_Upload_PHP
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera subida al servidor web"
        description_en = "a back door uploaded to the web server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Whoever maintains a site uploads programs, but none that run what a visitor sends."
        needs = "<?"
        needs = "$_|php://input|base64_decode|gzinflate|gzuncompress|str_rot13|strrev|hex2bin|rawurldecode|pack("
        or_needs = "pack ("
    strings:
        $php = /<\?(php|=)?[^\n]{0,400}\b(eval|assert|system|exec|shell_exec|passthru|popen|proc_open|create_function|call_user_func|array_map|preg_replace|include|usort)\s?\(\s?@?[^\n;]{0,80}\$_(GET|POST|REQUEST|COOKIE|SERVER|FILES)/ nocase
        $php_tick = /<\?(php|=)[^\n]{0,200}`[^\n`]{0,20}\$_(GET|POST|REQUEST|COOKIE)/ nocase
        $php_var = /<\?(php|=)[^\n]{0,200}\$_(GET|POST|REQUEST|COOKIE)\s?\[[^\n\]]{1,32}\]\s?\(/ nocase
        $php_pack = /<\?(php|=)?[^\n]{0,400}\b(eval|assert)\s?\(\s?@?(base64_decode|gzinflate|gzuncompress|str_rot13|strrev|hex2bin|rawurldecode|pack)\s?\(/ nocase
        $php_input = /<\?(php|=)?[\s\S]{0,400}php:\/\/input[\s\S]{0,600}(eval|assert|openssl_decrypt|create_function)/ nocase
        $php_upload = /<\?(php|=)?[\s\S]{0,400}(move_uploaded_file|copy)\s?\(\s?\$_FILES/ nocase
    condition:
        any of them
}

rule Request_Webshell_Upload_Hex
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera subida al servidor web"
        description_en = "a back door uploaded to the web server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Whoever maintains a site uploads programs, but none that run what a visitor sends."
        needs = "3c3f706870"
    strings:
        $php_hex = /3c3f706870[0-9a-f]{0,400}(245f(474554|504f5354|52455155455354|434f4f4b4945|46494c4553)|6576616c|73797374656d)/ nocase
    condition:
        any of them
}

rule Request_Webshell_Upload_JSP
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera subida al servidor web"
        description_en = "a back door uploaded to the web server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Whoever maintains a site uploads programs, but none that run what a visitor sends."
        needs = "<%|<jsp:"
        needs = "getruntime|processbuilder|classloader|defineclass"
    strings:
        $jsp1 = /<%[\s\S]{0,2000}(Runtime\.getRuntime\(\)\s?\.\s?exec|new\s{1,4}ProcessBuilder)\s?\(/ nocase
        $jsp2 = /<%[\s\S]{0,2000}(extends\s{1,4}ClassLoader|defineClass)[\s\S]{0,1000}(AES|Base64|Cipher|getParameter)/
        $jsp3 = /<jsp:scriptlet>[\s\S]{0,1000}(getRuntime|ProcessBuilder|defineClass)/
    condition:
        any of them
}

rule Request_Webshell_Upload_ASP
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera subida al servidor web"
        description_en = "a back door uploaded to the web server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Whoever maintains a site uploads programs, but none that run what a visitor sends."
        needs = "<%|runat"
        needs = "eval|execute|process|cmd.exe|assembly.load|unsafe|wscript.shell|shell.application"
    strings:
        $asp1 = /<%[^\n]{0,80}\b(eval|execute|executeglobal)\s?\(?\s?(request|"|decode)/ nocase
        $page = /<%@\s?Page/ nocase
        $runs = /(eval\s?\(\s?Request|Process\.Start|ProcessStartInfo|cmd\.exe|Assembly\.Load|unsafe)/ nocase
        $asp3 = /<%[\s\S]{0,600}(WScript\.Shell|Shell\.Application)[\s\S]{0,200}(exec|run)/ nocase
        $asp4 = /<script\s[^\n>]{0,60}runat\s?=\s?["']?server[\s\S]{0,600}(eval\s?\(\s?Request|Process|Assembly\.Load)/ nocase
    condition:
        any of ($asp*) or ($page and $runs)
}

rule Request_Webshell_Upload_CFM
{
    meta:
        author = "Vigia"
        description_es = "una puerta trasera subida al servidor web"
        description_en = "a back door uploaded to the web server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "critical"
        false_positives = "Whoever maintains a site uploads programs, but none that run what a visitor sends."
        needs = "<cfexecute"
    strings:
        $cfm = /<cfexecute\s/ nocase
    condition:
        any of them
}

rule Request_Server_Takeover
{
    meta:
        author = "Vigia"
        description_es = "un programa instalado en el servidor de aplicaciones"
        description_en = "a program installed in the application server"
        reference = "https://attack.mitre.org/techniques/T1505/003/"
        severity = "high"
        false_positives = "Whoever develops for the server installs so too, from a PC of their own."
        needs = "method: put|method: move|method: copy|jmx-console|/invoker/|web-console|jbossmq-httpil|bshdeployer"
        or_needs = "deploymentfilerepository|maindeployer|createscriptdeployment|/management/domain|/console/|wls-wsat"
        or_needs = "_async/|ws_utc/|axis2-admin|: /script|descriptorbyname|containers/create|new-application"
        or_needs = "/manager/html|/manager/text|/manager/deploy|/manager/undeploy|/manager/install|/fileserver/"
    strings:
        $post = /method: (POST|PUT)\n/
        $put = "method: PUT\n"
        $tomcat1 = /uri: (https?:\/\/[^\/\n]{1,80})?\/manager\/(html\/upload|text\/deploy|deploy)/ nocase
        $tomcat2 = /uri(\.plain)?: \/manager\/(text\/)?(deploy|undeploy|install)\?/ nocase
        $tomcat3 = /uri(\.plain)?: [^\n?]{0,200}\.(jsp|jspx)(\/|%20|::\$DATA| |\.)?\n/ nocase
        $jboss1 = /uri(\.plain)?: \/(jmx-console\/HtmlAdaptor|invoker\/(JMXInvokerServlet|EJBInvokerServlet|readonly)|web-console\/Invoker|jbossmq-httpil)/ nocase
        $jboss2 = /(BSHDeployer|DeploymentFileRepository|MainDeployer|createScriptDeployment)/
        $glassfish = /uri: \/management\/domain\/applications\/application/ nocase
        $activemq = /uri: \/fileserver\/[^\n]{1,80}/ nocase
        $weblogic = /uri(\.plain)?: \/(wls-wsat\/\w{3,40}|_async\/AsyncResponseService|ws_utc\/)/ nocase
        $console = /uri(\.plain)?: \/console\/[^\n]{0,40}(images|css)\/[^\n]{0,20}(\.\.|%2e)[^\n]{0,60}console\.portal/ nocase
        $axis = /uri: \/axis2\/axis2-admin\/upload/ nocase
        $iis = /method: (MOVE|COPY|PUT)\nuri[^\n]{1,300}\.(txt|aspx?|asa|cer|php)/ nocase
        $jenkins = /uri(\.plain)?: \/(script|scriptText|descriptorByName\/[^\n]{0,80}(checkScript|SecureGroovyScript))/ nocase
        $docker = /uri: \/v1\.\d\d\/containers\/create/
        $hadoop = /uri: \/ws\/v1\/cluster\/apps\/new-application/
    condition:
        ($post and any of ($tomcat1, $jboss1, $glassfish, $weblogic, $axis, $jenkins, $docker, $hadoop)) or
        $tomcat2 or ($put and any of ($tomcat3, $activemq)) or $jboss2 or $console or $iis
}
