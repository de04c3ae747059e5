"""The commonest words of languages in Latin and Cyrillic script: articles, prepositions, pronouns, auxiliaries.

They tell a language apart, and carry nothing that could be found in a source. Each list has what a page of prose can
hardly do without, and leaves out what a neighbour language uses as often for something else.
"""

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """
            a about above across after again against all almost along already also although always am
            among an and another any are around as at away back be became because become been before
            behind being below beside besides between beyond both but by came can cannot come could did
            do does doing done down during each either else enough even ever every few for from further
            gave get give given go goes gone got had has have having he hence her here hers herself him
            himself his how however i if in indeed instead into is it its itself just last later least
            less let like made make many may me might mine more most mostly much must my myself near
            nearly neither never no nobody none nor not nothing now of off often on once one only onto
            or other others our ours out over own per perhaps put quite rather really same seem seemed
            several shall she should since so some somebody something soon still such take taken than
            that the their theirs them themselves then there therefore these they this those though
            through throughout thus to together too took toward towards under until up upon us used very
            via was we well went were what when whenever where whereas whether which while who whom
            whose why will with within without would yet you your yours didn't doesn't don't isn't
            wasn't weren't won't couldn't wouldn't hadn't hasn't haven't it's that's""",
        "de": """
            aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim
            bin bis bist da dabei dadurch dafür dagegen damit dann daran darauf daraus darin das dass
            dazu dein dem den denn der deren des dessen die dies diese diesem diesen dieser dieses doch
            dort du durch ein eine einem einen einer eines er es etwa etwas euch für gegen gewesen hab
            habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im
            in ist ja jede jedem jeden jeder jedes jedoch jetzt kann kein keine keinem keinen keiner
            können könnte machen man mehr mein mich mir mit muss müssen nach nicht nichts noch nun nur
            ob oder ohne schon sehr sein seine seinem seinen seiner seit sich sie sind so solche soll
            sollte sondern sonst über um und uns unser unter viel vom von vor wann war waren warum was
            weil weiter welche welcher wenn wer werde werden wie wieder will wir wird wo wollen worden
            wurde wurden würde zu zum zur zwar zwischen weshalb wegen während dabei""",
        "fr": """
            à afin ai ainsi alors après au aucun aucune aujourd'hui auquel aussi autre autres aux avait
            avaient avant avec avoir avons beaucoup bien car ce ceci cela celle celles celui cependant
            ces cet cette ceux chaque chez comme comment contre dans de depuis des dès donc dont du elle
            elles en encore entre est et étaient était été être eu eux fait faire fut furent guère ici
            il ils je jusqu'à jusque la là laquelle le lequel les leur leurs lors lorsque lui ma mais
            malgré me même mêmes mes moi moins mon ne ni non nos notre nous on ont or ou où par parce
            pas pendant peu peut peuvent plus plusieurs pour pourquoi près presque puis qu quand que
            quel quelle quelque quelques qui quoi sa sans se selon sera ses si soit son sont sous sur ta
            tandis te telle tes toi ton toujours tous tout toute toutes très tu un une vers voici voilà
            vos votre vous y""",
        "es": """
            a al algo alguna algunas alguno algunos ante antes aquel aquella aquellos así aun aún aunque
            bajo cada casi como cómo con contra cual cuales cuando cuándo cuyo de del desde después
            donde dónde dos durante e el él ella ellas ellos en entonces entre era eran eres es esa esas
            ese eso esos esta está están estaba estaban estas este esto estos fue fueron ha había habían
            hacia han hasta hay la las le les lo los más me mi mientras mis mismo misma muy nada ni no
            nos nosotros nuestra nuestro o otra otras otro otros para pero poco por porque pues que qué
            quien quién se sea según ser si sí sido siempre sin sino sobre son su sus también tampoco
            tan tanto te tenía tiene tienen toda todas todo todos tras tu un una unas uno unos y ya yo""",
        "it": """
            a abbia ad agli ai al alla alle allo anche ancora avere aveva avevano c'è che chi ci ciò
            come con contro cosa così cui da dagli dai dal dalla dalle de degli dei del della delle
            dello di dopo dove dunque e è ed era erano essere fa fino fra fu furono gli ha hanno i il in
            io la le lei li lo loro lui ma me mentre mi mia mio molto ne negli nei nel nella nelle nello
            noi non nostro o ogni oltre oppure per perché però più poi prima qual quale quando quanto
            quella quelle quelli quello questa queste questi questo sarà se sei sempre senza si sia solo
            sono sopra sotto stata stati stato su sua sue sugli sui sul sulla suo suoi tra tutta tutte
            tutti tutto un una uno vi voi""",
        "pt": """
            à ainda além algum alguma ao aos apenas após aquela aquele aqui as às até cada com como
            contra da das de dela dele deles depois desde do dos durante e é ela elas ele eles em
            enquanto então entre era eram essa esse esta está este estes eu foi foram há isso isto já
            lhe mais mas me mesmo meu minha muito na não nas nem no nos nós nossa nosso num numa o onde
            os ou para pela pelas pelo pelos per pode por porque pouco qual quando que quem são se seja
            sem ser será seu seus sido sob sobre sua suas também tão tem têm tinha toda todas todo todos
            tudo um uma você""",
        "nl": """
            aan al alle alleen als altijd bij bijna daar dan dat de deze die dit doch doen door dus een
            eens elk en er geen geweest haar had hadden heb hebben heeft hem het hier hij hoe hun iets
            ik in is ja je jullie kan kon kunnen maar me meer men met mijn moet moeten na naar niet
            niets nog nu of om omdat onder ons onze ook op over reeds sinds te tegen toch toen tot
            tussen uit van veel voor vooral waar waren was wat we wel werd werden wie wij wil worden
            wordt zal ze zelf zich zij zijn zo zoals zonder zou zouden""",
        "sv": """
            alla allt att av blev bli blir de dem den denna deras dess det detta dig din där då efter ej
            eller en er ett från för ha hade han hans har henne hennes hon hur här i icke ingen inom
            inte jag ju kan kunde man med mellan men mig min mot mycket ni nu när något några och om oss
            på samma sedan sig sin sina sitt som så till under upp ut utan vad var vara varit vi vid
            vilken vår än är över""",
        "da": """
            af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din disse
            du efter eller en end er et for fordi fra få før ham han hans har havde hendes her hos hun
            hvad hvis hvor i ikke ind ingen jeg kan kom kunne man mange med meget men mig mod mellem når
            nogen nogle noget nu og også om op os over på sig sin sit skal skulle som under ud var ved
            vi vil ville være været""",
        "no": """
            alle andre at av ble blei bli blir da de dem den denne der deres det dette din disse du
            eller en enn er et etter for fordi fra før ha hadde han hans har hennes her hun hva hver
            hvis hvor i ikke ingen inn jeg kan kom kunne man mange med meg meget mellom men mot må når
            noe noen nå og også om opp oss over på seg siden sin sitt skal skulle som så til under ut
            var ved vi vil ville være vært""",
        "fi": """
            että ei eivät eli en enemmän ennen he heidän hän hänen ja jo jos joka jonka joita jotka
            jossa jota kanssa kuin kun kuten me mikä muita muun mutta myös mukaan ne niin niiden noin
            nyt näin ole olen oli olisi olivat ollut on ovat sekä sen siellä siis siitä sitä se tai tämä
            tämän tästä tässä vaan vain vielä voi""",
        "pl": """
            aby albo ale bardzo bez bo być był była było były będzie chyba ci co czy dla do gdy gdzie go
            i ich ile im inne jak jako je jednak jego jej jest jeszcze jeśli już każdy kiedy kto która
            które którego której który których którzy lub ma mi mnie mogą można może na nad nie niż o od
            on ona oni ono oraz po pod podczas ponieważ poza przed przez przy również się są ta tak
            także tam te tego tej ten to tu tylko tym u w we wszystko z za ze że żeby""",
        "tr": """
            acaba ama ancak bana bazı belki ben bir biz bu böyle çok çünkü da daha de değil diye en gibi
            göre hem hep her hiç için ile ise kadar kendi ki kim mı mi mu mü ne neden nerede o olan
            olarak oldu olduğu olduğunu olmak onlar onun sadece sen siz sonra şey şu tarafından tüm
            üzere var ve veya ya yani yok zaten""",
        "cs": """
            aby aj ale anebo až bez bude by byl byla byli bylo být co což další do i jak jako je jeho
            jej její jejich jen ještě jež již jsem jsou jste k kde kdo kdy když která které který kteří
            ku mezi mi mít může my na nad nebo není než ni o od on pak po pod podle pokud pouze pro
            proto protože před při s se si sice svého své tak také tato tedy ten tento této tím to toho
            tom tomu tu ty tyto u už v ve více však z za ze že""",
        "hu": """
            a abban ahogy ahol aki akik amely amelyek ami az azok azonban azt azért be csak de e egy
            egyéb el elő én és ez ezek ezen ezt fel ha hogy hogyan is itt jó ki kell két le lehet lesz
            lett majd már meg még mely mert mi minden mint mit most nagy nagyon ne nem nincs nagyobb ő
            ők pedig sem szerint új után vagy van vannak volt voltak""",
        "ro": """
            a acea aceasta această aceste acest acesta acum ai al ale am ar are as asupra atunci au avea
            ca cand care cât ce cea cei cel cele cu cum da dacă dar de deci deja despre din după ea ei
            el este eu fără fi fie fiind foarte fost iar în între la le lor lui mai mult nici nu o ori
            pe pentru peste prin sa să sau se sunt și te toate un una unei unor unui va vor""",
        "ru": """
            а без более бы был была были было быть в вам вас ведь во вот все всего всех вы где да даже
            для до его ее ей если есть ещё еще же за здесь и из или им их к как когда ко который которая
            которые кто ли между меня мне много может мы на над надо наш не него нее нет ни них но о об
            один он она они от очень перед по под после при с сам свою себя со так также такой там те
            тем то того тоже только том тот ту ты у уже хотя чего чем через что чтобы эта эти это этого
            этой этом этот я""",
        "uk": """
            а або але без би був була були було в вже він вона вони воно від всі де для до з за й його
            коли який яка які їх її і із інші може ми на над не немає ні них після по про під при та так
            також там те ти тим то того тому тут у усі хто це цей цього ця через чи що щоб як якщо""",
    }.items()
}
