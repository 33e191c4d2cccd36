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
grace-until = A partir del { $date } se necesitará aquí un código; pida a su administrador que registre una dirección para usted.
reference = Ref. { $reference }

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
sms-text-verify = { $code } es el código ({ $tag }) que confirma este número para { $application } en { $host }. Entréguelo a su administrador. Caduca en { $left }.

mail-subject-verify = { $application }: confirme esta dirección ({ $tag }) para { $host }
mail-text-verify = { $code } es el código ({ $tag }) que confirma esta dirección para { $user } en { $host }, { $application }. Entrégueselo a su administrador. Caduca en { $left }. Si no lo esperaba, no haga nada.
mail-subject-test = { $application }: mensaje de prueba de { $host }
mail-text-test = Este es un mensaje de prueba de { $host }, { $application }. Los códigos de acceso llegarán desde esta dirección.

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
