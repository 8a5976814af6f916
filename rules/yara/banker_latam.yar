/* SPDX-License-Identifier: Apache-2.0 */
rule Vigia_Banker_Overlay
{
    meta:
        author = "Vigia"
        description_es = "troyano bancario: espera a que abra su banco y pone una ventana falsa encima"
        description_en = "a banking trojan: it waits for your bank's page and puts a false window over it"
        reference = "https://www.welivesecurity.com/2019/08/01/banking-trojans-amavaldo/"
        severity = "critical"
        false_positives = "Remote support programs move mouse and keys too, but do not know banks by name."
        needs = "mouse_event|sendinput"
        needs = "getforegroundwindow|enumwindows|getwindowtext"
        needs = "chrome_widgetwin_1|mozillawindowclass|ieframe|mozilla firefox|google chrome|microsoft edge"
        needs = "banamex|banorte|santander|bancomer|scotiabank|banco azteca|bancoppel|inbursa|citibanamex|bajionet|banregio|bradesco|sicredi|banco do brasil|mercadopago|mercado pago"
    strings:
        $drive = /mouse_event|SendInput/ ascii
        $drive2 = /keybd_event|SendInput/ ascii
        $watch = /GetForegroundWindow|EnumWindows|GetWindowText[AW]/ ascii
        $browser1 = "Chrome_WidgetWin_1" ascii wide
        $browser2 = "MozillaWindowClass" ascii wide
        $browser3 = "IEFrame" ascii wide
        $browser4 = "Mozilla Firefox" ascii wide
        $browser5 = "Google Chrome" ascii wide
        $browser6 = "Microsoft Edge" ascii wide
        $bank1 = "banamex" nocase ascii wide
        $bank2 = "banorte" nocase ascii wide
        $bank3 = "santander" nocase ascii wide
        $bank4 = "bancomer" nocase ascii wide
        $bank5 = "scotiabank" nocase ascii wide
        $bank6 = "banco azteca" nocase ascii wide
        $bank7 = "bancoppel" nocase ascii wide
        $bank8 = "inbursa" nocase ascii wide
        $bank9 = "bajionet" nocase ascii wide
        $bank10 = "banregio" nocase ascii wide
        $bank11 = "bradesco" nocase ascii wide
        $bank12 = "sicredi" nocase ascii wide
        $bank13 = "banco do brasil" nocase ascii wide
        $bank14 = /[Mm]ercado ?[Pp]ago/ ascii wide
        $hold1 = "BlockInput" ascii wide
        $hold2 = /SwapMouseButton|SetWindowsHookEx/ ascii
        $hold3 = "DwmEnableComposition" ascii wide
        $hold4 = /[Tt]askkill[^\n\x00]{0,40}([Cc]hrome|[Ff]irefox|[Mm]sedge|[Ii]explore)\.[Ee]xe/ ascii wide
        $hold5 = /\b([Ii]token|[Nn]etkey|[Tt]oken ?[Mm].{1,2}[Vv]il|[Cc]lave [Dd]in.{1,2}[Mm]ica|[Cc]lave [Dd]e [Aa]cceso|[Ss]enha)\b/ ascii wide
        $hold6 = /\b(StretchBlt|GetDesktopWindow)\b/ ascii
    condition:
        uint16(0) == 0x5A4D and all of ($drive*) and $watch and 2 of ($browser*) and 3 of ($bank*) and 2 of ($hold*)
}

rule Vigia_Banker_Looks_For_Bank_Shields
{
    meta:
        author = "Vigia"
        description_es = "troyano bancario que busca y apaga los programas de protección de los bancos"
        description_en = "a banking trojan that looks for the banks' protection programs and stops them"
        reference = "https://www.welivesecurity.com/2020/04/28/grandoreiro-how-engorged-can-exe-get/"
        severity = "critical"
        false_positives = "Parts of these protection programs know each other's folders, but name no browser windows to watch."
        needs = "trusteer|warsaw|\\gbplugin|gbpsv.exe"
        needs = "mozillawindowclass|chrome_widgetwin_1|ieframe"
        needs = "getforegroundwindow|enumwindows|getwindowtext"
    strings:
        $shield1 = /\\[Tt]rusteer(\\[Rr]apport)?/ ascii wide
        $shield2 = /\\(Diebold|Topaz OFD|GAS Tecnologia)\\Warsaw/ nocase ascii wide
        $shield3 = /\\[Gg]b[Pp]lugin|[Gg]bpsv\.[Ee]xe/ ascii wide
        $shield4 = /[Cc]ore\.[Ee]xe[^\n]{0,20}[Ww]arsaw|[Ww]arsaw[^\n]{0,40}[Cc]ore\.[Ee]xe/ ascii wide
        $shield5 = /\\[Aa]plicativo ([Ii]ta|[Bb]radesco)/ ascii wide
        $watch1 = /GetForegroundWindow|EnumWindows|GetWindowText[AW]/ ascii
        $watch2 = /MozillaWindowClass|Chrome_WidgetWin_1|IEFrame/ ascii wide
        $drive = /mouse_event|keybd_event/ ascii
        $net = /WSAStartup|IdTCPClient|TClientSocket|ScktComp|InternetOpen[AW]|WinHttpOpen/ ascii
    condition:
        uint16(0) == 0x5A4D and any of ($shield1, $shield2, $shield3, $shield4) and 2 of ($shield*) and all of ($watch*) and $drive and $net
}

rule Vigia_Banker_Swollen_Program
{
    meta:
        author = "Vigia"
        description_es = "programa inflado a propósito para que el antivirus no lo revise, con señas de troyano bancario"
        description_en = "a program swollen on purpose so that no scanner looks at it, with marks of a banking trojan"
        reference = "https://securelist.com/the-tetrade-brazilian-banking-malware/97779/"
        severity = "high"
        false_positives = "None known: large honest programs are signed installers and know no browser windows by class."
        needs = "mozillawindowclass|chrome_widgetwin_1"
        needs = "getforegroundwindow|getwindowtext"
        needs = "mouse_event|keybd_event"
    strings:
        $class = /MozillaWindowClass|Chrome_WidgetWin_1/ ascii wide
        $watch = /GetForegroundWindow|GetWindowText[AW]/ ascii
        $drive = /mouse_event|keybd_event/ ascii
        $delphi = /Embarcadero|\bTForm\d|TPF0|Borland\\Delphi/ ascii
        $mail = /Outlook\.Application|IdSMTP|TIdHTTP|IdTCPClient/ ascii wide
        $stay = /[Cc]urrent[Vv]ersion\\[Rr]un/ ascii wide
    condition:
        uint16(0) == 0x5A4D and filesize > 90MB and all of them
}

rule Vigia_Banker_Password_Tools
{
    meta:
        author = "Vigia"
        description_es = "programa que trae dentro herramientas para sacar las contraseñas del navegador y del correo"
        description_en = "a program that carries tools to take out the passwords of browser and mail"
        reference = "https://www.welivesecurity.com/2019/11/19/mispadu-advertisement-discounted-unhappy-meal/"
        severity = "high"
        false_positives = "Packs of password tools for technicians; they do not watch the clipboard or start with Windows."
        needs = "webbrowserpass|web browser pass"
        needs = "mail passview|mailpv|mailpassview"
        needs = "currentversion\\run|/stext"
        max_bytes = 52428799
    strings:
        $web = /[Ww]eb[Bb]rowser[Pp]ass ?[Vv]iew|[Ww]eb [Bb]rowser [Pp]ass/ ascii wide
        $mail = /[Mm]ail [Pp]ass[Vv]iew|[Mm]ailpv|[Mm]ail[Pp]ass[Vv]iew/ ascii wide
        $act1 = /[Cc]urrent[Vv]ersion\\[Rr]un/ ascii wide
        $act2 = "/stext" nocase ascii wide
        $act3 = /WScript\.Shell|CreateObject/ nocase ascii wide
        $act4 = "GetClipboardData" ascii wide
        $act5 = /gethostbyname|HttpSendRequest|WinHttpSendRequest|InternetOpen/ ascii wide
    condition:
        filesize < 50MB and $web and $mail and ($act1 or $act2) and 2 of ($act*)
}

rule Vigia_Banker_Browser_Extension
{
    meta:
        author = "Vigia"
        description_es = "extensión del navegador que copia lo que se escribe en las páginas de los bancos"
        description_en = "a browser extension that copies what is typed on pages of banks"
        reference = "https://www.welivesecurity.com/2019/11/19/mispadu-advertisement-discounted-unhappy-meal/"
        severity = "critical"
        false_positives = "Password managers fill forms at any address and keep no list of banks."
        needs = "chrome.runtime|chrome.tabs|chrome.webrequest|chrome.storage|browser.runtime|browser.tabs|browser.webrequest|browser.storage"
        needs = "banamex|banorte|santander|bbva.mx|scotiabank|bancoazteca|bancoppel|inbursa|bradesco|itau.com|bb.com.br|caixa.gov|mercadopago"
        max_bytes = 2097151
    strings:
        $api = /(chrome|browser)\.(runtime|tabs|webRequest|storage)\b/
        $bank1 = "banamex" nocase
        $bank2 = "banorte" nocase
        $bank3 = "santander" nocase
        $bank4 = "bbva.mx" nocase
        $bank5 = "scotiabank" nocase
        $bank6 = "bancoazteca" nocase
        $bank7 = "bancoppel" nocase
        $bank8 = "inbursa" nocase
        $bank9 = "bradesco" nocase
        $bank10 = "itau.com" nocase
        $bank11 = "mercadopago" nocase
        $take1 = /addEventListener\s{0,2}\(\s{0,2}['"](keydown|keyup|keypress|submit|input|change)['"]/
        $take2 = /(querySelectorAll|getElementsByTagName)\s{0,2}\(\s{0,2}['"](input|form)/
        $take3 = /requestBody\.(formData|raw)|\['requestBody'\]/
        $take4 = /[Bb]oleto|[Cc].{1,8}[Dd]igo [Dd]e [Bb]arras|[Cc]labe|[Tt]ype=.?[Pp]assword/
        $send = /(fetch|\.open|sendBeacon|new WebSocket|\$\.post|\$\.ajax)\s{0,2}\([^\n]{0,60}['"](https?|wss?):\/\//
    condition:
        filesize < 2MB and $api and 3 of ($bank*) and 2 of ($take*) and $send
}

rule Vigia_Clipboard_Swapper
{
    meta:
        author = "Vigia"
        description_es = "programa que cambia la cuenta o el monedero que se copia por el del ladrón"
        description_en = "a program that swaps the account or wallet you copy for the thief's"
        reference = "https://attack.mitre.org/techniques/T1565/002/"
        severity = "critical"
        false_positives = "Wallet programs check addresses with such patterns, but do not write the clipboard by a timer."
        needs = "setclipboarddata|clipboard.settext|set-clipboard|pyperclip.copy|setdataobject|clipboard_set"
        needs = "getclipboarddata|clipboard.gettext|get-clipboard|pyperclip.paste|containstext|clipboard_get|addclipboardformatlistener"
        max_bytes = 20971519
    strings:
        $set = /[Ss]et[Cc]lipboard[Dd]ata|[Cc]lipboard\.[Ss]et[Tt]ext|[Ss]et-[Cc]lipboard|[Pp]yperclip\.[Cc]opy|[Ss]et[Dd]ata[Oo]bject|[Cc]lipboard_[Ss]et/ ascii wide
        $get = /[Gg]et[Cc]lipboard[Dd]ata|[Cc]lipboard\.[Gg]et[Tt]ext|[Gg]et-[Cc]lipboard|[Pp]yperclip\.[Pp]aste|[Cc]ontains[Tt]ext|[Cc]lipboard_[Gg]et|[Aa]dd[Cc]lipboard[Ff]ormat[Ll]istener/ ascii wide
        $coin1 = /\[a-km-zA-HJ-NP-Z1-9\]\{2[0-9],3[0-9]\}/ ascii wide
        $coin2 = /0x\[?\(?\[?a-fA-F0-9\]\{40\}/ ascii wide
        $coin3 = /bc1\)?\[[^\]\n]{3,40}\]\{/ ascii wide
        $coin4 = /\^?T\[A-Za-z1-9\]\{33\}|T\[1-9A-HJ-NP-Za-km-z\]\{33\}/ ascii wide
        $coin5 = /4\[0-9AB\]\[[^\]\n]{8,30}\]\{93\}/ ascii wide
        $acct1 = /(\\d|\[0-9\])\{18\}/ ascii wide
        $acct2 = /(\\d|\[0-9\])\{4[78]\}/ ascii wide
    condition:
        filesize < 20MB and $set and $get and any of ($coin1, $coin2, $coin3, $acct1, $acct2) and 2 of ($coin*, $acct*) and not uint16(0) == 0x457f
}
