# Lo que se lee, en español. en.ftl dice qué son los valores.

time-seconds = { $n } s
time-minutes = { $n } min
time-hours = { $n } h

prompt-sent = Código enviado por { $way ->
    [sms] SMS
   *[email] correo
} a { $to } ({ $tag }), válido { $left }.
prompt-adopted = Código enviado por { $way ->
    [sms] SMS
   *[email] correo
} a { $to } hace { $ago } ({ $tag }), válido { $left }.
prompt-resent = Código reenviado por { $way ->
    [sms] SMS
   *[email] correo
} a { $to } ({ $tag }), válido { $left }.
prompt-not-sent = No se pudo enviar el código a { $to } ({ $tag }).
prompt-withheld = No habrá más códigos hasta dentro de { $wait }. Si ya tiene uno, escríbalo.
ask-code = Código{ $keys }:
key-resend = , 'r' para reenviarlo
key-again = , 'r' para reintentar
key-email = , 'e' para correo
key-sms = , 's' para SMS
key-app = , 'a' para la aplicación
key-recovery = , o un código de recuperación
choice-email = { $n }) correo { $to }
choice-sms = { $n }) SMS { $to }
choice-app = { $n }) aplicación
prompt-choose = Elija [1]:
prompt-letter = Escriba '{ $way ->
    [sms] s
   *[email] e
}' para recibir un código por { $way ->
    [sms] SMS
   *[email] correo
} en { $to }:
prompt-name = Elija un número:
prompt-app = Código de su aplicación de autenticación{ $keys }:
prompt-app-form = Un código de la aplicación tiene { $digits } cifras. Código:
prompt-saved = Código de recuperación o código de su administrador:
note-not-sent = No se pudo enviar el código por { $way ->
    [sms] SMS
   *[email] correo
} a { $to }.
note-withheld = No habrá más códigos hasta dentro de { $wait }.
recovery-left =
    { $left ->
        [0] Era su último código de recuperación. Para crear otros: pam-2fa me codes
        [one] Queda 1 código de recuperación. Para crear otros: pam-2fa me codes
       *[other] Quedan { $left } códigos de recuperación.
    }
prompt-resend-later = Podrá enviarse otro mensaje dentro de { $wait }. Código ({ $tag }):
prompt-form = Un código tiene { $digits } cifras. Código ({ $tag }):
prompt-wrong =
    { $left ->
        [one] Código incorrecto, queda 1 intento. Código:
       *[other] Código incorrecto, quedan { $left } intentos. Código:
    }
prompt-constant = Si la contraseña era correcta, se ha enviado un código ({ $tag }). Código:
prompt-trust = ¿Confiar en este dispositivo durante { $span }? [s/N]
answer-yes = s si sí y yes

denied-tries = Demasiados códigos incorrectos. Vuelva a intentarlo dentro de { $wait }.
denied-disabled = Demasiados códigos incorrectos. Pida a su administrador que desbloquee sus códigos.
denied-expired = Este código ha caducado. Inicie sesión de nuevo para recibir otro.
denied-used = Este código ya se ha usado. Inicie sesión de nuevo para recibir otro.
denied-prompts = Demasiadas respuestas. Inicie sesión de nuevo.
denied-no-method = Aquí se necesita un código, y no hay ninguna dirección verificada para usted. Consulte a su administrador.
denied-shut-out = Su cuenta está bloqueada aquí. Consulte a su administrador.
denied-another = Su cuenta no coincide con su registro. Consulte a su administrador.
denied-no-channel = Aquí se necesita un código, y este equipo no puede enviarlo. Consulte a su administrador.
denied-unavailable = Ahora no se puede comprobar el código. Vuelva a intentarlo más tarde.
denied-in-use = Esta dirección pertenece aquí a otro usuario y no se ha cambiado nada. Consulte a su administrador.
denied-not-invited = Aquí se necesita un segundo factor, y usted no tiene ninguno. Pida a su administrador un código de invitación.
denied-not-allowed = No se ha cambiado nada: la invitación ha caducado, o entretanto se registró otra cosa. Empiece de nuevo.
denied-nothing-yours = No hay nada suyo que cambiar. Pida a su administrador un código de invitación.
denied-no-device = Usted no tiene tal dispositivo. Vea la lista: pam-2fa me devices
grace-until = A partir del { $date } se necesitará aquí un código; pida a su administrador que registre una dirección para usted.
reference = Ref. { $reference }
denied-enter = Pulse Intro:

enrol-begin = Aquí se necesita un segundo factor, y usted aún no tiene ninguno.
enrol-invitation = Código de invitación de su administrador:
enrol-address = { $can ->
    [both] Dirección de correo, o número de teléfono como +15550100
    [sms] Número de teléfono como +15550100
   *[email] Dirección de correo
}{ $keys }:
enrol-known = , Intro para { $to }
enrol-app = , 'a' para una aplicación
enrol-address-wrong = No es una dirección de correo ni un número como +15550100.
enrol-no-channel = Este equipo no puede enviar códigos allí.
enrol-offer-app = ¿Añadir también una aplicación de autenticación? [s/N]
enrol-scan = Escanee esto con su aplicación de autenticación, o escriba en ella la clave de abajo.
enrol-type = Clave para la aplicación:
enrol-app-code = Código de la aplicación:
enrol-app-code-or-not = Código de la aplicación, o Intro para seguir sin ella:
enrol-wrong = Ese código es incorrecto.
enrol-codes = Sus códigos de recuperación. Cada uno le deja entrar una vez cuando no tenga otra cosa a mano. Guárdelos lejos del teléfono:
enrol-kept = Pulse Intro cuando los haya guardado:
enrol-done = Ya está registrado.
own-done = Hecho.
own-revoked = El dispositivo se ha olvidado.

place-remote = { $service } desde { $from }
place-tty = { $service } en { $tty }
place-here = { $service }
place-as = { $place }, para convertirse en { $user }
place-own = Un programa suyo en este equipo

mail-subject = { $application }: código de acceso ({ $tag }) para { $host }
mail-text = { $code } es su código de acceso de { $application } ({ $tag }) para { $host }. { $place }. Caduca en { $left }. Si no ha sido usted, cambie su contraseña.
mail-text-again = { $code } es su código de acceso de { $application } ({ $tag }) para { $host }, reenviado a petición suya. { $place }. Caduca en { $left }. Si no ha sido usted, cambie su contraseña.

sms-text = { $code } es su clave de acceso de { $application } ({ $tag }) para { $host }. Caduca en { $left }. No la comparta nunca.
sms-text-again = { $code } es su clave de acceso de { $application } ({ $tag }) para { $host }, reenviada. Caduca en { $left }. No la comparta nunca.
sms-text-enrol = { $code } es la clave ({ $tag }) que confirma este número para { $application } en { $host }. Caduca en { $left }. No la comparta nunca.
sms-text-verify = { $code } es el código ({ $tag }) que confirma este número para { $application } en { $host }. Entréguelo a su administrador. Caduca en { $left }.

mail-subject-change = { $application }: código ({ $tag }) para un cambio en { $host }
mail-text-change = { $code } es el código ({ $tag }) para un cambio en los medios de acceso de { $user } en { $host }, { $application }. Caduca en { $left }. Si no es usted, cambie su contraseña y avise a su administrador.
mail-subject-enrol = { $application }: confirme esta dirección ({ $tag }) para { $host }
mail-text-enrol = { $code } es el código ({ $tag }) que confirma esta dirección para { $user } en { $host }, { $application }. { $place }. Caduca en { $left }. Si no lo espera, no haga nada.
mail-subject-verify = { $application }: confirme esta dirección ({ $tag }) para { $host }
mail-text-verify = { $code } es el código ({ $tag }) que confirma esta dirección para { $user } en { $host }, { $application }. Entrégueselo a su administrador. Caduca en { $left }. Si no lo esperaba, no haga nada.
mail-subject-test = { $application }: mensaje de prueba de { $host }
mail-text-test = Este es un mensaje de prueba de { $host }, { $application }. Los códigos de acceso llegarán desde esta dirección.

notice-new-device = Se recuerda un dispositivo nuevo: { $device }.
notice-email-changed = La dirección de correo para sus códigos es ahora { $to }.
notice-phone-changed = El número de teléfono para sus códigos es ahora { $to }.
notice-email-removed = Se ha eliminado la dirección de correo para sus códigos.
notice-phone-removed = Se ha eliminado el número de teléfono para sus códigos.
notice-recovery-used =
    { $left ->
        [0] Se ha usado su último código de recuperación.
        [one] Se ha usado un código de recuperación; queda 1.
       *[other] Se ha usado un código de recuperación; quedan { $left }.
    }
notice-recovery-renewed = Se han creado códigos de recuperación nuevos; los anteriores ya no valen.
notice-app-enrolled = Se ha añadido una aplicación de autenticación.
notice-app-replaced = Se ha sustituido su aplicación de autenticación.
notice-invited = Se le ha invitado a configurar su segundo factor.
notice-grant-made = Se ha creado un código de un solo uso para su cuenta, válido hasta { $until }.
notice-grant-used = Se ha entrado en su cuenta con un código de un solo uso del administrador.
notice-locked = Demasiados códigos incorrectos; por ahora no se aceptan sus códigos.
notice-shut-out = Su cuenta ha sido bloqueada.
notice-let-in = Su cuenta ha sido desbloqueada.
notice-reset = Se ha restablecido su segundo factor: sin direcciones, aplicación ni códigos.
notice-verify-changed = Ha cambiado cuándo se le pide un código.
notice-devices-revoked =
    { $count ->
        [one] Ya no se recuerda 1 dispositivo.
       *[other] Ya no se recuerdan { $count } dispositivos.
    }

mail-subject-notice = { $application }: aviso de seguridad para { $host }
mail-text-notice =
    { $what }

    Cuenta { $user } en { $host } ({ $application }), { $when }: { $place }.
    Si no ha sido usted, avise a su administrador.
mail-text-notice-admin =
    { $what }

    Cuenta { $user } en { $host } ({ $application }), { $when }, por un administrador.
    Si no lo esperaba, consulte a su administrador.
sms-notice = { $application }, { $host }: { $what } Si no ha sido usted, avise a su administrador.

span-minutes = { $n ->
    [one] 1 minuto
   *[other] { $n } minutos
}
span-seconds = { $n ->
    [one] 1 segundo
   *[other] { $n } segundos
}
span-hours = { $n ->
    [one] 1 hora
   *[other] { $n } horas
}
span-days = { $n ->
    [one] 1 día
   *[other] { $n } días
}
