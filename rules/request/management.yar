/* SPDX-License-Identifier: Apache-2.0 */
/* Pages by which servers are managed, asked for what only an attacker asks: each hole or default is
 * public, its number or its maker's page stands beside it. */
rule Request_Management_Order
{
    meta:
        author = "Vigia"
        description_es = "una orden para la administración de un servidor, sin permiso"
        description_en = "an order to the management of a server, without leave"
        reference = "https://attack.mitre.org/techniques/T1190/"
        severity = "high"
        false_positives = "Whoever writes a program for one of these servers sends so too, from a PC of their own."
        needs = "/containers/create|/service/register|/descriptorbyname/|/_ignition/|params.resource.loader|/setup/setup-s/"
        or_needs = "netkeyboard|\"loopback\"|action=catchimage|/cli?remoting|/uddiexplorer/|formsyscmd|?jsp=/|;.jsp"
    strings:
        /* Docker's API open to the network: a container that holds the whole disk, or every right */
        $docker1 = /(uri|name)(\.plain)?: (\/v1\.\d{1,2})?\/containers\/create/
        $docker2 = /"Binds"\s{0,4}:\s{0,4}\[\s{0,4}"\/(etc|root|var)?:|"Privileged"\s{0,4}:\s{0,4}true|"(Cmd|Entrypoint)"\s{0,4}:\s{0,4}\[[^\]]{0,200}"(\/bin\/)?(ba)?sh"/
        /* HashiCorp Consul, script checks */
        $consul1 = /(uri|name): \/v1\/agent\/(service|check)\/register/
        $consul2 = /"(Args|Script|args|script)"\s{0,4}:\s{0,4}(\[\s{0,4})?"[^"\n]{0,40}(sh|cmd|powershell|python|curl|wget)\b/
        /* CVE-2018-1000861, CVE-2019-1003000 */
        $jenkins = /descriptorByName\/[^\n?]{1,160}\/check(Script|Value|Name)?\w{0,10}\?[^\n]{0,80}value=/ nocase
        /* CVE-2024-23897 */
        $jenkins_cli = /uri: \/cli\?remoting=false\n/
        /* CVE-2021-3129 */
        $laravel = /uri: \/_ignition\/execute-solution/
        /* CVE-2019-17558 */
        $solr = /params\.resource\.loader\.enabled"?\s{0,4}[:=]\s{0,4}"?true/
        /* CVE-2023-32315 */
        $openfire = /uri: \/setup\/setup-s\/[^\n]{0,40}(%u002e|\.\.)/
        /* CVE-2021-33044, CVE-2021-33045: recorders that take the caller's word for who he is */
        $dahua = /"clientType"\s{0,4}:\s{0,4}"NetKeyboard"|"loginType"\s{0,4}:\s{0,4}"Loopback"[^\n]{0,200}"passwordType"/
        /* An address as a picture, whose name ends in a program (UEditor) */
        $ueditor = /action=catchimage[\s\S]{0,300}\?\.?(aspx?|ashx|php|jsp)\b/ nocase
        /* CVE-2014-4210: the server is sent to look into its own network */
        $uddi = /\/uddiexplorer\/[^\n]{1,120}operator=(https?:\/\/)?(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|localhost)/ nocase
        $realtek = /formSysCmd\n[\s\S]{0,600}sysCmd=|sysCmd=[^\n&]{1,100}(wget|curl|tftp|telnetd|\/bin\/)/
        /* CVE-2024-27198 */
        $teamcity = /uri(\.plain)?: [^\n]{0,80}\?jsp=\/[^\n]{1,80};\.jsp/
    condition:
        ($docker1 and $docker2) or ($consul1 and $consul2) or
        any of ($jenkins, $jenkins_cli, $laravel, $solr, $openfire, $dahua, $ueditor, $uddi, $realtek, $teamcity)
}

/* A question to a database without SQL whose value is a condition: {"$ne": null} fits anybody. */
rule Request_NoSQL_Condition
{
    meta:
        author = "Vigia"
        description_es = "una pregunta que entra sin contraseña (NoSQL)"
        description_en = "a question that logs in without a password (NoSQL)"
        reference = "https://owasp.org/www-project-web-security-testing-guide/"
        severity = "medium"
        false_positives = "Programs that send their searches to MongoDB as they are; so only log-ins count."
        needs = "\"$ne\"|\"$gt\"|\"$regex\"|\"$where\"|[$ne]=|[$gt]=|[$regex]="
        needs = "passw|pass\"|pass[|clave|contrase|pwd\"|pwd["
    strings:
        $json = /"(passw\w{0,6}|pass|pwd|clave|contrase\w{0,4})"\s{0,4}:\s{0,4}\{\s{0,4}"\$(ne|gt|gte|regex|where|nin|exists)"/ nocase
        $form = /\b(passw\w{0,6}|pass|pwd|clave|contrase\w{0,4})\[\$(ne|gt|gte|regex|where|nin|exists)\]=/ nocase
    condition:
        any of them
}
