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
prompt-letter = '{ $way ->
    [sms] s
   *[email] e
}'を入力すると { $to } に{ $way ->
    [sms] SMSで
   *[email] メールで
}コードを送信:
prompt-name = 番号で選択:
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
denied-in-use = このアドレスはここで別のユーザーが使用しているため、何も変更されませんでした。管理者にお問い合わせください。
denied-not-invited = ここでは第二の認証要素が必要ですが、登録されていません。管理者に招待コードを依頼してください。
denied-not-allowed = 何も変更されませんでした。招待の期限が切れたか、その間に別の登録がありました。もう一度始めてください。
denied-nothing-yours = 変更できるものが登録されていません。管理者に招待コードを依頼してください。
denied-no-device = そのようなデバイスは登録されていません。一覧は pam-2fa me devices で確認できます。
grace-until = { $date } 以降、ここではコードが必要になります。アドレスの登録を管理者に依頼してください。
reference = 参照 { $reference }
denied-enter = Enterを押してください:

enrol-begin = ここでは第二の認証要素が必要ですが、まだ登録されていません。
enrol-invitation = 管理者からの招待コード:
enrol-address = { $can ->
    [both] メールアドレス、または電話番号 (例 +15550100)
    [sms] 電話番号 (例 +15550100)
   *[email] メールアドレス
}{ $keys }:
enrol-known = 、Enterで { $to }
enrol-app = 、'a'でアプリ
enrol-address-wrong = メールアドレスでも +15550100 のような電話番号でもありません。
enrol-no-channel = このホストからはそこへコードを送信できません。
enrol-offer-app = 認証アプリも追加しますか? [y/N]
enrol-scan = 認証アプリでこれを読み取るか、下のキーをアプリに入力してください。
enrol-type = アプリ用のキー:
enrol-app-code = アプリのコード:
enrol-app-code-or-not = アプリのコード (Enterでアプリなしで続行):
enrol-wrong = コードが違います。
enrol-codes = リカバリーコードです。ほかに手段がないとき、それぞれ一度だけ使えます。電話とは別の場所に保管してください:
enrol-kept = 保管したらEnterを押してください:
enrol-done = 登録が完了しました。
own-done = 完了しました。
own-revoked = デバイスの登録を解除しました。

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
sms-text-enrol = { $code } { $application } 番号確認コード({ $tag }) { $host }用。{ $left }間有効。誰にも教えないでください。
sms-text-verify = { $code } { $application } 番号確認コード({ $tag }) { $host }用。{ $left }間有効。管理者にお伝えください。

mail-subject-change = { $application }: { $host } での変更のコード ({ $tag })
mail-text-change = { $code } は、{ $host } ({ $application }) のユーザー { $user } のログイン方法を変更するためのコード ({ $tag }) です。有効期間は{ $left }です。お心当たりがない場合は、パスワードを変更し、管理者にお知らせください。
mail-subject-enrol = { $application }: { $host } 用のアドレスの確認 ({ $tag })
mail-text-enrol = { $code } は、{ $host } ({ $application }) のユーザー { $user } のためにこのアドレスを確認するコード ({ $tag }) です。要求元: { $place }。有効期間は{ $left }です。お心当たりがない場合は、このメールを無視してください。
mail-subject-verify = { $application }: { $host } 用のアドレスの確認 ({ $tag })
mail-text-verify = { $code } は、{ $host } ({ $application }) のユーザー { $user } のためにこのアドレスを確認するコード ({ $tag }) です。管理者にお伝えください。有効期間は{ $left }です。お心当たりがない場合は、このメールを無視してください。
mail-subject-test = { $application }: { $host } からのテストメール
mail-text-test = これは { $host } ({ $application }) からのテストメールです。ログインコードはこのアドレスから届きます。

notice-new-device = 新しいデバイスを信頼しました: { $device }。
notice-email-changed = コード送信先メールは{ $to }になりました。
notice-phone-changed = コード送信先電話は{ $to }になりました。
notice-email-removed = コード送信先のメールが削除されました。
notice-phone-removed = コード送信先の電話番号が削除されました。
notice-recovery-used =
    { $left ->
        [0] 最後のリカバリーコードが使われました。
       *[other] リカバリーコードが使われました(残り{ $left }個)。
    }
notice-recovery-renewed = リカバリーコードが新しくなりました。
notice-app-enrolled = 認証アプリが追加されました。
notice-app-replaced = 認証アプリが変更されました。
notice-invited = 二要素認証の設定に招待されました。
notice-grant-made = ログインコード発行、{ $until }まで。
notice-grant-used = 管理者発行のコードでログインされました。
notice-locked = コードの誤りが多く、受付を停止しました。
notice-shut-out = アカウントが停止されました。
notice-let-in = アカウントの停止が解除されました。
notice-reset = 二要素認証がリセットされました。
notice-verify-changed = コードを求める条件が変更されました。
notice-devices-revoked = デバイス{ $count }台の信頼を解除しました。

mail-subject-notice = { $application }: { $host } のセキュリティ通知
mail-text-notice =
    { $what }

    { $host } ({ $application }) のアカウント { $user }、{ $when }、操作元: { $place }。
    お心当たりがない場合は、管理者にご連絡ください。
mail-text-notice-admin =
    { $what }

    { $host } ({ $application }) のアカウント { $user }、{ $when }、管理者による操作です。
    お心当たりがない場合は、管理者にお問い合わせください。
sms-notice = { $application } { $host }: { $what }心当たりがなければ管理者へご連絡ください。

span-minutes = { $n }分
span-seconds = { $n }秒
span-hours = { $n }時間
span-days = { $n }日間
