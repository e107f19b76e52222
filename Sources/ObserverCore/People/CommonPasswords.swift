/// Words that passwords are made of which are guessed first, in lower case: digits and signs around them change nothing.
enum CommonPasswords {
    static let words = Set(
        [general, names, world, trade].joined(separator: " ").split(whereSeparator: \.isWhitespace).map { String($0) }
    )

    private static let general = """
        password passwort passwd pass passcode passphrase mypassword newpassword oldpassword yourpassword thepassword
        secret topsecret mysecret private privat unknown nothing something anything everything whatever letmein letmeinnow
        letmeinplease opensesame welcome welcomehome welcomeback willkommen bienvenue bienvenido hello helloworld hallo hallowelt
        goodbye login signin signon access accessgranted enter entry open unlock changeme changemenow changethis pleasechange
        default standard temporary temporaer temp test testtest testing tester test user username useruser guest gast
        demo demodemo example beispiel sample admin administrator adminadmin administration adm root rootroot rootpassword
        superuser superadmin super supervisor manager operator operater sysadmin sysop system service support helpdesk master
        masterkey owner staff office company business computer laptop desktop notebook keyboard internet network netzwerk
        wireless wifi server database backup oracle postgres mysql redis docker linux ubuntu debian windows microsoft google
        facebook amazon apple samsung android iphone nokia sony yahoo gmail hotmail youtube twitter instagram linkedin
        qwerty qwertz azerty qwertyuiop qwertzuiop asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc qweasd qweasdzxc
        abc abcd abcde abcdef abcdefg abcdefgh abcabc aaa xxx zzz
        trustno trustnoone trustme nopassword nopass none null undefined invalid blank empty
        iloveyou ilovegod iloveme ilovemyself loveyou loveme lovelove love lover lovely beloved sweetheart darling honey sweety
        princess prince queen king angel angels babygirl babyboy baby babe beautiful gorgeous pretty handsome sexy
        sunshine moonlight starlight rainbow summer sommer winter spring autumn fruehling herbst monday tuesday wednesday
        thursday friday saturday sunday january february march april june july august september october november december
        january januar februar maerz juni juli oktober dezember
        freedom peace happiness happy happyday lucky luckyday friends friendship family familie forever always together
        money millionaire dollar bitcoin crypto gold silver diamond platinum crystal
        batman superman spiderman ironman avengers pokemon pikachu naruto starwars skywalker darthvader matrix hobbit gandalf
        dragon phoenix tiger lion monkey donkey chicken butterfly dolphin flower blume rose daisy jasmine orange banana cherry
        apple cookie chocolate schokolade coffee kaffee pepper ginger cheese hamburger pizza whiskey vodka
        football fussball soccer baseball basketball hockey tennis golf swimming champion winner arsenal chelsea liverpool
        barcelona realmadrid juventus manchester bayern dortmund schalke eagles cowboys yankees lakers steelers packers
        shadow killer hunter ranger warrior soldier ninja samurai wizard merlin magic mystery
        computerfreak hacker cracker gamer player playboy playstation nintendo xbox minecraft fortnite callofduty counterstrike
        correcthorsebatterystaple thisisapassword thisismypassword iamtheadmin ilikecoffee nobodyknows
        """

    private static let names = """
        michael michelle jennifer jessica jonathan joshua matthew andrew daniel david robert william richard thomas charles
        christopher christian christina alexander alexandra alexandre anthony samantha stephanie stefanie elizabeth elisabeth
        nicholas nicole patrick patricia benjamin brandon brittany ashley amanda melissa victoria veronica vanessa valentina
        maximilian sebastian florian tobias andreas johannes matthias wolfgang guenther juergen klaus peter hans franz
        katharina franziska sabine claudia petra monika ursula heike susanne martina
        charlie jordan taylor hannah maggie molly bailey buster buddy rocky max bella luna lucky snoopy garfield tigger
        francesco giuseppe giovanni alessandro francesca antonio manuel carlos alejandro fernando mohammed muhammad abdullah
        maria anna laura sarah julia sophie emma lena leonie
        """

    private static let world = """
        america american england britain london paris france berlin germany deutschland hamburg muenchen munich koeln
        frankfurt vienna wien zuerich zurich switzerland schweiz austria oesterreich italy italia espana spain madrid lisbon
        portugal brasil brazil mexico canada toronto australia sydney india china japan tokyo moscow russia poland warszawa
        newyork california texas florida chicago washington boston dallas losangeles sanfrancisco
        """

    private static let trade = """
        camera cameras kamera kameras ipcamera ipcam webcam cctv nvr dvr video videos recorder recording recordings
        surveillance ueberwachung security securitycamera sicherheit observer watcher watchman viewer monitor monitoring
        hikvision dahua axis axiscamera reolink amcrest foscam vivotek uniview hanwha wisenet bosch avigilon mobotix ubnt ubiquiti
        unifi tplink tapo wyze eufy ezviz annke lorex swann xmeye xiongmai tenvis grandstream
        hikadmin dahuaadmin frontdoor backdoor garage garden driveway entrance parking warehouse factory building reception
        guard guards police alarm alarmanlage burglar intruder
        """
}
