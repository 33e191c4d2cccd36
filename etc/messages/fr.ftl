# Ce qu'on lit, en français. en.ftl dit ce que sont les valeurs. Au pluriel, « one » vaut pour 0 et 1.

time-seconds = { $n } s
time-minutes = { $n } min
time-hours = { $n } h

prompt-sent = Code envoyé par { $way ->
    [sms] SMS
   *[email] e-mail
} à { $to } ({ $tag }), valable { $left }.
prompt-adopted = Code envoyé par { $way ->
    [sms] SMS
   *[email] e-mail
} à { $to } il y a { $ago } ({ $tag }), valable { $left }.
prompt-resent = Code renvoyé par { $way ->
    [sms] SMS
   *[email] e-mail
} à { $to } ({ $tag }), valable { $left }.
prompt-not-sent = Envoi du code à { $to } impossible ({ $tag }).
prompt-withheld = Aucun nouveau code avant { $wait }. Si vous en avez un, saisissez-le.
ask-code = Code{ $keys } :
key-resend = , 'r' pour le renvoyer
key-again = , 'r' pour réessayer
key-email = , 'e' pour l'e-mail
key-sms = , 's' pour le SMS
key-app = , 'a' pour l'application
key-recovery = , ou un code de secours
choice-email = { $n }) e-mail { $to }
choice-sms = { $n }) SMS { $to }
choice-app = { $n }) application
prompt-choose = Choix [1] :
prompt-letter = Tapez '{ $way ->
    [sms] s
   *[email] e
}' pour un code par { $way ->
    [sms] SMS
   *[email] e-mail
} à { $to } :
prompt-name = Choisissez un numéro :
prompt-app = Code de votre application d'authentification{ $keys } :
prompt-app-form = Un code de l'application compte { $digits } chiffres. Code :
prompt-saved = Code de secours, ou code de votre administrateur :
note-not-sent = Le code n'a pas pu être envoyé par { $way ->
    [sms] SMS
   *[email] e-mail
} à { $to }.
note-withheld = Aucun nouveau code avant { $wait }.
recovery-left =
    { $left ->
        [0] C'était votre dernier code de secours. Pour en créer : pam-2fa me codes
        [one] Il reste { $left } code de secours. Pour en créer : pam-2fa me codes
       *[other] Il reste { $left } codes de secours.
    }
prompt-resend-later = Un autre message pourra partir dans { $wait }. Code ({ $tag }) :
prompt-form = Un code compte { $digits } chiffres. Code ({ $tag }) :
prompt-wrong =
    { $left ->
        [one] Code incorrect, { $left } essai restant. Code :
       *[other] Code incorrect, { $left } essais restants. Code :
    }
prompt-constant = Si le mot de passe était correct, un code a été envoyé ({ $tag }). Code :
prompt-trust = Faire confiance à cet appareil pendant { $span } ? [o/N]
answer-yes = o oui y yes

denied-tries = Trop de codes incorrects. Réessayez dans { $wait }.
denied-disabled = Trop de codes incorrects. Demandez à votre administrateur de débloquer vos codes.
denied-expired = Ce code a expiré. Reconnectez-vous pour en recevoir un autre.
denied-used = Ce code a déjà servi. Reconnectez-vous pour en recevoir un autre.
denied-prompts = Trop de réponses. Reconnectez-vous.
denied-no-method = Un code est nécessaire ici, et aucune adresse vérifiée n'est enregistrée pour vous. Adressez-vous à votre administrateur.
denied-shut-out = Votre compte est bloqué ici. Adressez-vous à votre administrateur.
denied-another = Votre compte ne correspond pas à son enregistrement. Adressez-vous à votre administrateur.
denied-no-channel = Un code est nécessaire ici, et cette machine ne peut pas en envoyer. Adressez-vous à votre administrateur.
denied-unavailable = Le code ne peut pas être vérifié pour l'instant. Réessayez plus tard.
denied-in-use = Cette adresse appartient ici à un autre utilisateur ; rien n'a été modifié. Adressez-vous à votre administrateur.
denied-not-invited = Un second facteur est nécessaire ici, et vous n'en avez pas. Demandez un code d'invitation à votre administrateur.
denied-not-allowed = Rien n'a été modifié : l'invitation a expiré, ou autre chose a été enregistré entre-temps. Recommencez.
denied-nothing-yours = Il n'y a rien à modifier pour vous. Demandez un code d'invitation à votre administrateur.
denied-no-device = Vous n'avez pas un tel appareil. Voir la liste : pam-2fa me devices
grace-until = À partir du { $date }, un code sera nécessaire ici ; demandez à votre administrateur d'enregistrer une adresse pour vous.
reference = Réf { $reference }
denied-enter = Appuyez sur Entrée :

enrol-begin = Un second facteur est nécessaire ici, et vous n'en avez pas encore.
enrol-invitation = Code d'invitation de votre administrateur :
enrol-address = { $can ->
    [both] Adresse e-mail, ou numéro de téléphone comme +15550100
    [sms] Numéro de téléphone comme +15550100
   *[email] Adresse e-mail
}{ $keys } :
enrol-known = , Entrée pour { $to }
enrol-app = , 'a' pour une application
enrol-address-wrong = Ce n'est ni une adresse e-mail ni un numéro comme +15550100.
enrol-no-channel = Cette machine ne peut pas y envoyer de codes.
enrol-offer-app = Ajouter aussi une application d'authentification ? [o/N]
enrol-scan = Scannez ceci avec votre application d'authentification, ou saisissez-y la clé ci-dessous.
enrol-type = Clé pour l'application :
enrol-app-code = Code de l'application :
enrol-app-code-or-not = Code de l'application, ou Entrée pour continuer sans :
enrol-wrong = Ce code est incorrect.
enrol-codes = Vos codes de secours. Chacun vous laisse entrer une fois quand rien d'autre n'est à portée. Gardez-les loin du téléphone :
enrol-kept = Appuyez sur Entrée quand vous les avez notés :
enrol-done = Vous êtes enregistré.
own-done = C'est fait.
own-revoked = L'appareil est oublié.

place-remote = { $service } depuis { $from }
place-tty = { $service } sur { $tty }
place-here = { $service }
place-as = { $place }, pour devenir { $user }
place-own = L'un de vos programmes sur cette machine

mail-subject = { $application } : code de connexion ({ $tag }) pour { $host }
mail-text = { $code } est votre code de connexion { $application } ({ $tag }) pour { $host }. { $place }. Il expire dans { $left }. Si ce n'est pas vous, changez votre mot de passe.
mail-text-again = { $code } est votre code de connexion { $application } ({ $tag }) pour { $host }, renvoyé à votre demande. { $place }. Il expire dans { $left }. Si ce n'est pas vous, changez votre mot de passe.

sms-text = { $code } est votre code de connexion { $application } ({ $tag }) pour { $host }. Il expire dans { $left }. Ne le communiquez jamais.
sms-text-again = { $code } est votre code de connexion { $application } ({ $tag }) pour { $host }, renvoyé. Il expire dans { $left }. Ne le communiquez jamais.
sms-text-enrol = { $code } est le code ({ $tag }) qui confirme ce numéro pour { $application } sur { $host }. Il expire dans { $left }. Ne le communiquez jamais.
sms-text-verify = { $code } est le code ({ $tag }) qui confirme ce numéro pour { $application } sur { $host }. Donnez-le à votre administrateur. Il expire dans { $left }.

mail-subject-change = { $application } : code ({ $tag }) pour une modification sur { $host }
mail-text-change = { $code } est le code ({ $tag }) pour une modification des moyens de connexion de { $user } sur { $host }, { $application }. Il expire dans { $left }. Si ce n'est pas vous, changez votre mot de passe et prévenez votre administrateur.
mail-subject-enrol = { $application } : confirmez cette adresse ({ $tag }) pour { $host }
mail-text-enrol = { $code } est le code ({ $tag }) qui confirme cette adresse pour { $user } sur { $host }, { $application }. { $place }. Il expire dans { $left }. Si vous ne l'attendez pas, ignorez-le.
mail-subject-verify = { $application } : confirmez cette adresse ({ $tag }) pour { $host }
mail-text-verify = { $code } est le code ({ $tag }) qui confirme cette adresse pour { $user } sur { $host }, { $application }. Donnez-le à votre administrateur. Il expire dans { $left }. Si vous ne l'attendiez pas, ignorez ce message.
mail-subject-test = { $application } : message de test de { $host }
mail-text-test = Ceci est un message de test de { $host }, { $application }. Les codes de connexion viendront de cette adresse.

notice-new-device = Un nouvel appareil est mémorisé : { $device }.
notice-email-changed = L'adresse e-mail pour vos codes est maintenant { $to }.
notice-phone-changed = Le numéro de téléphone pour vos codes est maintenant { $to }.
notice-email-removed = L'adresse e-mail pour vos codes a été supprimée.
notice-phone-removed = Le numéro de téléphone pour vos codes a été supprimé.
notice-recovery-used =
    { $left ->
        [0] Votre dernier code de secours a été utilisé.
       *[other] Un code de secours a été utilisé ; il en reste { $left }.
    }
notice-recovery-renewed = De nouveaux codes de secours ont été créés ; les anciens ne valent plus.
notice-app-enrolled = Une application d'authentification a été ajoutée.
notice-app-replaced = Votre application d'authentification a été remplacée.
notice-invited = Vous êtes invité à configurer votre second facteur.
notice-grant-made = Un code à usage unique pour vous a été créé, valable jusqu'au { $until }.
notice-grant-used = Un code à usage unique de votre administrateur a servi à se connecter.
notice-locked = Trop de codes incorrects ; vos codes sont refusés pour l'instant.
notice-shut-out = Votre compte a été bloqué.
notice-let-in = Votre compte a été débloqué.
notice-reset = Votre second facteur est réinitialisé : sans adresses, application ni codes.
notice-verify-changed = Les cas où un code vous est demandé ont été modifiés.
notice-devices-revoked =
    { $count ->
        [one] { $count } appareil n'est plus mémorisé.
       *[other] { $count } appareils ne sont plus mémorisés.
    }

mail-subject-notice = { $application } : avis de sécurité pour { $host }
mail-text-notice =
    { $what }

    Compte { $user } sur { $host } ({ $application }), { $when } : { $place }.
    Si ce n'était pas vous, prévenez votre administrateur.
mail-text-notice-admin =
    { $what }

    Compte { $user } sur { $host } ({ $application }), { $when }, par un administrateur.
    Si vous ne vous y attendiez pas, interrogez votre administrateur.
sms-notice = { $application }, { $host } : { $what } Si ce n'est pas vous, prévenez votre administrateur.

span-minutes = { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
}
span-seconds = { $n ->
    [one] { $n } seconde
   *[other] { $n } secondes
}
span-hours = { $n ->
    [one] { $n } heure
   *[other] { $n } heures
}
span-days = { $n ->
    [one] { $n } jour
   *[other] { $n } jours
}
