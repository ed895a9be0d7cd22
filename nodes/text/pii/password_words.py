"""Words that are no passwords, though they stand behind the name of one."""

PRODUCTS = frozenset(
    """1password sha256 sha512 sha1 base64 office365 microsoft365 windows11 windows10 iphone15 bitwarden2 covid19
    1password7 1password8 page1 section1 step1 step2 part1 part2""".split()  # noqa: SIM905 (words read better as a text)
)
"""Names with digits."""

STATES = frozenset(
    """wrong incorrect invalid expired weak strong correct right required needed missing forgotten forgot lost changed
    reset empty blank none null true false hidden safe secure insecure unknown optional encrypted hashed stored saved
    compromised leaked stolen hacked exposed broken locked blocked disabled protected unsafe okay fine good same unique
    different this that here below above there working accepted rejected refused denied confirmed updated short long
    easy hard simple complex mandatory default temporary masked redacted removed string text value field please enter
    password passwords random case help cannot must should needs contains minimum maximum never always when what which
    where your mine ours theirs login sign click visit https http still because twice again today tomorrow private bitte
    personal confidential unchanged outdated obsolete visible readable enough online shared recommended yes
    falsch richtig abgelaufen vergessen erforderlich notwendig sicher unsicher geändert gesperrt ungültig gleich leer
    nötig geheim korrekt zurückgesetzt bekannt unbekannt incorrect oublié expiré faux perdu obligatoire requis invalide
    sécurisé incorrecta incorrecto olvidada caducada obligatoria requerida inválida segura correcta débil errata scaduta
    sbagliata dimenticata obbligatoria corretta sicura errada incorreta expirada esquecida obrigatória verkeerd verlopen
    vergeten verplicht juist onjuist geblokkeerd gewijzigd bloqué bloquée changé changée réinitialisé bloqueada
    cambiada bloccata cambiata alterada gestohlen""".split()  # noqa: SIM905
)
"""What is said of a password, and is none."""

COMMON = frozenset(
    """again already almost always any anymore anything around ask asking before after between both case changes check
    during each either else enough even ever every everyone everything few first last find get gets getting give given
    got going help if inside instead into knows let like likely longer made make many maybe more most much near nearly
    next no nobody none nothing now off often old on once one online onto other our out over own per perhaps plain print
    probably put quite rather really see send sent shorter since so some someone something somewhere soon still such
    than then though through till today together under underneath until up us use used uses via want wants way well
    whatever whether while whole with within without yesterday yet hour hours day days week weeks month months year
    years minute minutes time times morning monday tuesday wednesday thursday friday saturday sunday account accounts
    address app bank birthday browser card character characters code customer digit digits email file letter letters
    link mail manager note number numbers page phone place policy portal problem reset router screen security service
    settings sheet site special sticker sure symbol symbols system thing things user username website weak
    aber ab alle alles am an auch aus bei bereits beim bis bitte dann daran dein doch durch ein eine einem einen einer
    eines etwas euch für gar ganz genau geburtsdatum gerade habe haben hat heute hier hinter ich ihr im immer in jetzt
    kann kein keine leider man mehr mein meine mich mir mir muss nach nie noch nur ob oder ohne per schon sehr seit sich
    sie siehe so steht statt über überall um uns unser unter viel vor war weg wegen weil wenn werden wie wieder wir wird
    wo wurde zeichen zettel ziffern zu zum zur zurück zwischen
    alors après avant avec aussi aux bien ces cette chez comme comment déjà depuis deux elle encore est être fait ici
    jamais jours leur mais mes même mon notre nous oui parce pas peu plus quand sans ses son sous sur toujours tous tout
    toute très trop une vers votre vous
    ahora algo antes aquí así aún bien cada como cuando desde después donde eso esta este esto fue hace hasta hay hoy
    más menos mis mucho muy nada nos nunca otra otro pero porque siempre sin sobre solo son sus también tan tiene toda
    todo todos una uno usted
    alla allo anche ancora adesso ancora che chi come con cosa così dalla dal dai dalle degli della delle dello dentro
    dopo dove fino già hai hanno mai meno mia mio molto nei nel nella niente ogni oggi ora perché però più poi prima
    quando quella quello questa questo qui sempre senza sono sotto stata stato sul sulla tra troppo tutti tutto una
    agora ainda aqui cada como depois desde dois ela ele esse esta este foi hoje isso mais mas meu minha muito não nem
    numa nunca pela pelo porque quando quatro sem sempre seu sua também tem toda todo todos uma você
    aan alle alleen als altijd bij dan dat deze dit door een eens elke geen goed heb heeft het hier hoe iets jij kan
    apps identical valid tage woche wochen monat monate jahr jahre gültig mois semaine semaines années valable mes meses
    días semana semanas años válida válido mese mesi giorni settimane anni valida valido dias anos dagen weken maand
    maanden jaar geldig
    maar maak meer mijn naar niet nog nooit nou omdat onder ons onze ook over soms steeds tegen tot veel voor waar want
    wat weer werd wel weten wie wij worden zelf zijn zonder""".split()  # noqa: SIM905
)
"""Words of sentences about a password, of which a passphrase has none."""
