/* SPDX-License-Identifier: Apache-2.0 */
/* Frameworks that run what they are sent, each by the form that its hole asks for. */
rule Request_Java_Expression
{
    meta:
        author = "Vigia"
        description_es = "código para Struts, Spring o Confluence en un dato"
        description_en = "code for Struts, Spring or Confluence in a value"
        reference = "https://nvd.nist.gov/vuln/detail/CVE-2017-5638"
        severity = "high"
        needs = "memberaccess|allowstaticmethodaccess|denymethodexecution|xwork.methodaccessor|java.lang.|classloader"
        or_needs = "getruntime|processbuilder|scriptenginemanager|freemarker.template|${|%{|#set"
    strings:
        $ognl1 = /[%$]\{[^\n]{0,200}(#_memberAccess|@ognl\.|#context|#application|#parameters|#req(uest)?\b|#cmd|@java\.lang|getRuntime|ProcessBuilder|ServletActionContext|com\.opensymphony|excludedClasses|#a\s?=\s?@)/ nocase
        $ognl2 = /(redirect|action|redirectAction):\s?[%$]\{/ nocase
        $ognl3 = /\b(#_memberAccess|allowStaticMethodAccess|denyMethodExecution|xwork\.MethodAccessor)/ nocase
        $spel = /T\s?\(\s?java\.lang\.(Runtime|ProcessBuilder|System)\s?\)/
        $spring = /class\.(module\.classLoader|classLoader)\.(resources|URLs|defaultAssertionStatus)/ nocase
        $runtime = /(java\.lang\.Runtime|Runtime\.getRuntime\(\)|getMethod\(['"]?getRuntime|new\s{1,3}(java\.lang\.)?ProcessBuilder|javax\.script\.ScriptEngineManager)/ nocase
        $velocity = /#set\s?\(\s?\$[^\n]{1,80}(getClass|forName|Runtime)/ nocase
        $freemarker = "freemarker.template.utility.Execute" nocase
        $math = /[%$]\{\s?\(?\s?\d{2,6}\s?[*+]\s?\d{2,6}\s?\)?[^\n]{0,40}\}/
        $context = /(uri|body|fields|type|agent)(\.plain|\.code)?: /
    condition:
        $context and any of ($ognl*, $spel, $spring, $runtime, $velocity, $freemarker, $math)
}

rule Request_Template_Injection
{
    meta:
        author = "Vigia"
        description_es = "código para las plantillas del sitio"
        description_en = "code for the templates of the site"
        reference = "https://portswigger.net/web-security/server-side-template-injection"
        severity = "high"
        needs = "{{|<%|#{|{php|{if|{system(|{exec(|{passthru("
    strings:
        $python = /\{\{[^\n}]{0,200}(__class__|__mro__|__subclasses__|__globals__|__builtins__|config\.items|cycler\.|lipsum\.|joiner\.|request\.application|self\._TemplateReference|get_flashed_messages)/ nocase
        $twig = /\{\{[^\n}]{0,120}(_self\.env|registerUndefinedFilterCallback|\|\s?(filter|map|sort|reduce)\s?\(\s?['"](system|exec|passthru))/ nocase
        $smarty = /\{(php|system\(|exec\(|passthru\(|if\s[^\n}]{0,40}(system|phpinfo)\()/ nocase
        $math = /=[^\n&]{0,40}(\{\{|<%=|#\{|\$\{\{)\s?\d{1,6}\s?\*\s?'?\d{1,6}'?\s?(\}\}|%>|\})/
        $erb = /<%=?\s?[^\n%]{0,80}(system\(|`|IO\.popen|File\.open)/ nocase
    condition:
        any of them
}

rule Request_PHP_Code
{
    meta:
        author = "Vigia"
        description_es = "código de PHP para que el servidor lo ejecute"
        description_en = "PHP code for the server to run"
        reference = "https://attack.mitre.org/techniques/T1190/"
        severity = "high"
        needs = "_method=__construct|eval-stdin.php|allow_url_include|auto_prepend_file|safe_mode|disable_functions"
        or_needs = "open_basedir|suhosin|jdatabasedrivermysqli|ajax/render/widget_|?target=|vars[|name[|widgetconfig["
        or_needs = "zerodium|user-agentt|%23post_render|%23markup|%23type|%23lazy_builder|%23pre_render"
        or_needs = "%23access_callback|file_put_contents|base64_decode|gzinflate|passthru|shell_exec|proc_open|popen"
        or_needs = "assert|phpinfo|system(|system |exec(|exec |eval(|eval |\\think\\|#post_render|#markup|#type"
        or_needs = "#lazy_builder|#pre_render|#access_callback|jfactory|${"
    strings:
        $think1 = /\\think\\(app|container|request|view|template|config|Module)[\/\\]/ nocase
        $think2 = /invokefunction|call_user_func_array/ nocase
        $think3 = /_method=__construct/ nocase
        $think4 = /vars\[\d\]=[^\n&]{0,40}(system|exec|passthru|assert|phpinfo|file_put_contents|shell_exec)/ nocase
        $phpunit = /\/phpunit\/[^\n]{0,60}eval-stdin\.php/ nocase
        $cgi1 = /\?[^\n]{0,10}-d\s{0,4}(allow_url_include|auto_prepend_file|safe_mode|disable_functions|open_basedir|suhosin)/ nocase
        $cgi2 = /(allow_url_include\s{0,2}=\s{0,2}(on|1)|auto_prepend_file\s{0,2}=\s{0,2}php:\/\/input)/ nocase
        $drupal1 = /(\[(#|%23)|element_parents=[^\n]{0,40}(#|%23))(post_render|markup|type|lazy_builder|pre_render|access_callback)/ nocase
        $drupal2 = /name\[[^\]\n]{0,20}(;|select|update|insert)[^\]\n]{0,300}\]=/ nocase
        $vbulletin1 = /ajax\/render\/widget_(php|tabbedcontainer)/ nocase
        $vbulletin2 = /widgetConfig\[code\]/ nocase
        $joomla = /JDatabaseDriverMysqli|\{O:\d{1,3}:"JFactory/
        $phpmyadmin = /\?target=[^\n&]{1,80}(%3f|\?)[^\n]{0,80}(\.\.\/|sess_)/ nocase
        $eval1 = /[=&?\[("'|:]\s{0,4}@?(system|passthru|shell_exec|proc_open|popen|assert|eval|phpinfo|exec)\s?\(\s?(['"$]|base64_decode|gzinflate|\)|\\)/ nocase
        $eval2 = /file_put_contents\s?\([^\n]{1,200}(<\?|base64_decode|\.php)/ nocase
        $eval3 = /\$\{\s?@?(print|phpinfo|system|eval|assert|passthru)\s?\(/ nocase
        $eval4 = /base64_decode\s?\(\s?\$_(POST|GET|REQUEST|COOKIE)/ nocase
        $backdoor = /(zerodium\s{0,2}system|\bUser-Agentt:)/ nocase
        $context = /(uri|body|fields|agent|referer)(\.plain|\.code)?: /
    condition:
        ($think1 and any of ($think2, $think4)) or $think3 or $think4 or $phpunit or any of ($cgi*) or
        any of ($drupal*) or any of ($vbulletin*) or $joomla or $phpmyadmin or
        ($context and any of ($eval*)) or $backdoor
}

rule Request_Serialized_Object
{
    meta:
        author = "Vigia"
        description_es = "un objeto preparado para ejecutar código"
        description_en = "an object prepared to run code"
        reference = "https://owasp.org/www-community/vulnerabilities/Deserialization_of_untrusted_data"
        severity = "high"
        needs = "\xac\xed %|ro0ab|aaeaaad/////aqaaaaaaaaa|objectdataprovider|system.diagnostics.process|typeconfusedelegate"
        or_needs = "windowsidentity|gem::installer|gem::specfetcher|gem::requirement|cposix\nsystem|c__builtin__"
        or_needs = "csubprocess|$$nd_func$$|@type|priorityqueue|dynamic-proxy|java.beans.|javax.naming.ldap"
        or_needs = "rememberme=|at&tform|java.lang.processbuilder|java.io.printwriter|com.bea.core"
        or_needs = "=o:|=\to:|=\no:|=\x0bo:|=\x0co:|=\ro:|= o:|:o:|:\to:|:\no:|:\x0bo:|:\x0co:|:\ro:|: o:|;o:|;\to:|;\no:|;\x0bo:|;\x0co:|;\ro:|; o:|{o:|{\to:|{\no:|{\x0bo:|{\x0co:|{\ro:|{ o:"
    strings:
        $java1 = /[=:\s">]\s?rO0AB[XQZ][A-Za-z0-9+\/_-]{20}/
        $java2 = { AC ED 00 05 73 72 }
        $java3 = { AC ED 00 05 77 }
        $php = /[=:;{]\s?O:\+?\d{1,3}:"[A-Za-z_\\]{3,80}":\d{1,3}:\{/
        $dotnet1 = "AAEAAAD/////AQAAAAAAAAA"
        $dotnet2 = /(ObjectDataProvider|System\.Diagnostics\.Process|TypeConfuseDelegate|WindowsIdentity[^\n]{0,40}bootstrapContext)/
        $ruby = /(Gem::Installer|Gem::SpecFetcher|Gem::Requirement)/
        $python = /(cposix\nsystem|c__builtin__\n(eval|exec)|csubprocess\n)/
        $node = "_$$ND_FUNC$$_"
        $fastjson = /"@type"\s?:\s?"[^"\n]{0,60}(JdbcRowSetImpl|TemplatesImpl|JndiDataSource|BasicDataSource|java\.net\.Inet|AutoCloseable|CompletableFuture|rmi|ldap)/ nocase
        $xstream = /<(java\.util\.PriorityQueue|dynamic-proxy|java\.beans\.EventHandler|javax\.naming\.ldap|sorted-set>\s{0,8}<dynamic-proxy)/
        /* Apache Shiro (CVE-2016-4437): a cookie that is longer than any user is (http_odd.c) */
        $shiro = /\b[Rr]ememberMe=[A-Za-z0-9+\/=%]{1200}/
        /* ExifTool (CVE-2021-22204): a picture whose remarks are Perl */
        $exiftool = /AT&TFORM[\s\S]{0,400}\(metadata[\s\S]{0,200}(qx\s?\{|system\s?\(|`)/
        $weblogic = /<(java|void|object)\s[^\n>]{0,60}class\s?=\s?"?(java\.beans\.XMLDecoder|java\.lang\.ProcessBuilder|java\.io\.PrintWriter|com\.bea\.core)/
    condition:
        any of them
}

rule Request_XML_Entity
{
    meta:
        author = "Vigia"
        description_es = "un XML que pide archivos del servidor (XXE)"
        description_en = "XML that asks for files of the server (XXE)"
        reference = "https://owasp.org/www-community/vulnerabilities/XML_External_Entity_(XXE)_Processing"
        severity = "high"
        needs = "<!entity|<xi:include"
    strings:
        $entity = /<!ENTITY\s{1,8}(%\s{1,8})?[\w.-]{1,40}\s{1,8}(SYSTEM|PUBLIC\s{1,4}["'][^"'\n]{0,80}["'])\s{1,8}["'](file|https?|ftp|php|expect|jar|netdoc|gopher|\/|[a-z]:)/ nocase
        $laughs = /<!ENTITY\s{1,8}[\w.-]{1,40}\s{1,8}["'](&[\w.-]{1,40};){5}/ nocase
        $include = /<xi:include\s[^\n>]{0,80}href\s?=\s?["'](file|\/)/ nocase
    condition:
        any of them
}

rule Request_Server_Side_Request
{
    meta:
        author = "Vigia"
        description_es = "un intento de usar el servidor para entrar a otros (SSRF)"
        description_en = "an attempt to use the server to reach others (SSRF)"
        reference = "https://owasp.org/www-community/attacks/Server_Side_Request_Forgery"
        severity = "medium"
        needs = "169.254.169.254|metadata.google.internal|100.100.100.200|gopher://|dict://|ldap://|file://|tftp://"
    strings:
        $metadata = /[=:"]\s?(https?:\/\/)?(169\.254\.169\.254|metadata\.google\.internal|100\.100\.100\.200)[\/:]/ nocase
        $gopher = /[=:"]\s?(gopher|dict|ldap|file|tftp):\/\/[^\n]{3}/ nocase
        $context = /(uri|body)(\.plain|\.code)??: [^\n]{0,2048}?=/
    condition:
        $context and any of ($metadata, $gopher)
}
