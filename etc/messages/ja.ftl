# 利用者が読む文、日本語。値の意味は en.ftl に書かれています。日本語に複数形はありません。

time-seconds = { $n }秒
time-minutes = { $n }分
time-hours = { $n }時間

prompt-sent = コードを { $to } に{ $way ->
    [sms] SMSで送信
   *[email] メール
}しました ({ $tag })。{ $left }間有効。
prompt-adopted = コードは{ $ago }前に { $to } に{ $way ->
    [sms] SMSで送信
   *[email] メール
}しました ({ $tag })。{ $left }間有効。
prompt-resent = コードを { $to } に{ $way ->
    [sms] SMS
   *[email] メール
}で再送しました ({ $tag })。{ $left }間有効。
prompt-not-sent = { $to } にコードを送信できませんでした ({ $tag })。
prompt-withheld = 新しいコードは{ $wait }後まで送信できません。お持ちのコードを入力してください。
ask-code = コード{ $keys }:
key-resend = 、'r'で再送
key-again = 、'r'で再試行
key-email = 、'e'でメール
key-sms = 、's'でSMS
key-app = 、'a'でアプリ
key-recovery = 、またはリカバリーコード
choice-email = { $n }) メール { $to }
choice-sms = { $n }) SMS { $to }
choice-app = { $n }) アプリ
prompt-choose = 選択 [1]:
prompt-app = 認証アプリのコード{ $keys }:
prompt-app-form = アプリのコードは{ $digits }桁です。コード:
prompt-saved = リカバリーコード、または管理者からのコード:
note-not-sent = { $to } に{ $way ->
    [sms] SMS
   *[email] メール
}でコードを送信できませんでした。
note-withheld = 新しいコードは{ $wait }後まで送信できません。
recovery-left =
    { $left ->
        [0] 最後のリカバリーコードでした。新しいコードの作成: pam-2fa me codes
       *[other] リカバリーコードは残り{ $left }個です。
    }
prompt-resend-later = 次の送信は{ $wait }後に可能です。コード ({ $tag }):
prompt-form = コードは{ $digits }桁です。コード ({ $tag }):
prompt-wrong = コードが違います。残り{ $left }回です。コード:
prompt-constant = パスワードが正しい場合、コードを送信しました ({ $tag })。コード:
prompt-trust = このデバイスを{ $span }信頼しますか? [y/N]
answer-yes = y yes はい

denied-tries = 誤ったコードが多すぎます。{ $wait }後にもう一度お試しください。
denied-disabled = 誤ったコードが多すぎます。コードのロック解除を管理者に依頼してください。
denied-expired = このコードは期限切れです。もう一度ログインして、新しいコードを受け取ってください。
denied-used = このコードは使用済みです。もう一度ログインして、新しいコードを受け取ってください。
denied-prompts = 入力回数が多すぎます。もう一度ログインしてください。
denied-no-method = ここではコードが必要ですが、確認済みのアドレスが登録されていません。管理者にお問い合わせください。
denied-shut-out = このアカウントはここでは停止されています。管理者にお問い合わせください。
denied-another = アカウントが登録内容と一致しません。管理者にお問い合わせください。
denied-no-channel = ここではコードが必要ですが、このホストからは送信できません。管理者にお問い合わせください。
denied-unavailable = 現在、コードを確認できません。しばらくしてからもう一度お試しください。
grace-until = { $date } 以降、ここではコードが必要になります。アドレスの登録を管理者に依頼してください。
reference = 参照 { $reference }

place-remote = { $from } からの { $service }
place-tty = { $tty } での { $service }
place-here = { $service }
place-as = { $place } ({ $user } への切り替え)
place-own = このホスト上のご自身のプログラム

mail-subject = { $application }: { $host } のログインコード ({ $tag })
mail-text = { $code } は { $application } のログインコード ({ $tag }) です。ホスト: { $host }。要求元: { $place }。有効期間は{ $left }です。お心当たりがない場合は、パスワードを変更してください。
mail-text-again = { $code } は { $application } のログインコード ({ $tag }) です。ご要望により再送しました。ホスト: { $host }。要求元: { $place }。有効期間は{ $left }です。お心当たりがない場合は、パスワードを変更してください。

sms-text = { $code } { $application } ログインコード({ $tag }) { $host }用。{ $left }間有効。誰にも教えないでください。
sms-text-again = { $code } { $application } ログインコード({ $tag }) { $host }用、再送。{ $left }間有効。誰にも教えないでください。
sms-text-verify = { $code } { $application } 番号確認コード({ $tag }) { $host }用。{ $left }間有効。管理者にお伝えください。

mail-subject-verify = { $application }: { $host } 用のアドレスの確認 ({ $tag })
mail-text-verify = { $code } は、{ $host } ({ $application }) のユーザー { $user } のためにこのアドレスを確認するコード ({ $tag }) です。管理者にお伝えください。有効期間は{ $left }です。お心当たりがない場合は、このメールを無視してください。
mail-subject-test = { $application }: { $host } からのテストメール
mail-text-test = これは { $host } ({ $application }) からのテストメールです。ログインコードはこのアドレスから届きます。

span-minutes = { $n }分
span-seconds = { $n }秒
span-hours = { $n }時間
span-days = { $n }日間
