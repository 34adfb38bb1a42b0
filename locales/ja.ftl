# リンクを開いた人が読む文。一文目は何が起きたか、二文目はどうすればよいか。
# $threat: phishing, malware, scam, policy, none. $tier: clean, unknown, suspicious, malicious.

house = リンクの確認

warn-state = 警告
warn-happened = { $threat ->
    [phishing] 偽サイトにつながるおそれがあるため、このリンクをいったん止めました。
    [malware] 有害なソフトウェアにつながるおそれがあるため、このリンクをいったん止めました。
    [scam] 詐欺につながるおそれがあるため、このリンクをいったん止めました。
   *[other] 不審な点があるため、このリンクをいったん止めました。
  }
warn-do = 心当たりがなければ、このタブを閉じてください。下の行き先が目的のものに間違いないときだけ、先へ進んでください。
warn-continue = 承知のうえで開く

notice-state = ご確認ください
notice-happened = { $tier ->
    [unknown] このリンクの安全性を十分に確認できませんでした。
   *[other] 開く前に、行き先をご確認ください。
  }
notice-do = 下の行き先に心当たりがあれば、そのままお進みいただけます。心当たりがなければ、このタブを閉じてください。
notice-continue = 開く

checking-state = 確認中
checking-happened = 開く前に、このリンクの行き先を確認しています。
checking-do = 数秒で終わり、自動的に次へ進みます。下の行き先に心当たりがあれば、待たずに開くこともできます。
checking-do-wait = 数秒で終わり、自動的に次へ進みます。
checking-since = { $seconds ->
    [0] 始めたところです
   *[other] { $seconds } 秒経過
  }
checking-continue = 待たずに開く

too-many-state = アクセスの集中
too-many-happened = このリンクは異常に多く開かれているため、開く前に確認をお願いしています。
too-many-do = 下の行き先に心当たりがあれば、そのままお進みいただけます。心当たりがなければ、このタブを閉じてください。
too-many-continue = 開く

block-state = 遮断しました
block-happened = { $threat ->
    [phishing] 偽サイトにつながるリンクのため、開けないようにしました。
    [malware] 有害なソフトウェアにつながるリンクのため、開けないようにしました。
    [scam] 詐欺につながるリンクのため、開けないようにしました。
   *[other] 有害と判明しているリンクのため、開けないようにしました。
  }
block-do = { $threat ->
    [phishing] このタブを閉じてください。すでにパスワードを入力した場合は、すぐに変更し、ヘルプデスクへご連絡ください。
    [malware] このタブを閉じてください。すでにファイルを開いた場合は、端末をネットワークから切り離し、ただちにヘルプデスクへご連絡ください。
    [scam] このタブを閉じてください。メッセージに何と書かれていても、送金したり個人情報を伝えたりしないでください。
   *[other] このタブを閉じてください。すでに何かを入力した場合は、ヘルプデスクへご連絡ください。
  }

blocked-by-admin-state = 管理者による遮断
blocked-by-admin-happened = このリンクは、管理者の設定により開けません。
blocked-by-admin-do = このタブを閉じてください。業務に必要な場合は、下の照会番号を添えて管理者へお問い合わせください。

message-convicted-state = 有害なメッセージ
message-convicted-happened = このリンクが届いたメッセージは有害と判明したため、リンクを開けないようにしました。
message-convicted-do = このタブを閉じ、メッセージを削除してください。すでにリンクを開いたり返信したりした場合は、ヘルプデスクへご連絡ください。

link-withdrawn-state = 取り消されたリンク
link-withdrawn-happened = このリンクは取り消されたため、開けません。
link-withdrawn-do = このタブを閉じてください。ページが必要な場合は、送信者に新しいリンクを求めるか、下の照会番号を添えてヘルプデスクへお問い合わせください。

damaged-state = リンクの不備
damaged-happened = このリンクは途中で切れているか、書き換えられています。
damaged-do = 元のメッセージに戻り、もう一度開いてください。リンクが二行に分かれている場合は、全体をコピーしてください。それでも開けないときは、送信者にアドレスをお確かめください。

preview-state = リンクの行き先
preview-happened = このリンクの行き先です。まだ何も開いていません。
preview-do = 思っていた行き先と違うときは、開かないでください。
copy = 上のアドレスは、一度押すだけで全体を選択してコピーできます。
would-redirect = 問題は見つかっていません
would-notice = 十分に確認できません
would-warn = 不審な点があります
would-block = 遮断されています
would-blocked-by-admin = 管理者が遮断しています
would-message-convicted = 届いたメッセージが有害と判明しています
would-link-withdrawn = 取り消されています
judged-now = { $would ->
    [redirect] たった今の確認では、問題は知られていません。ただし、安全を保証するものではありません。
   *[other] たった今の確認結果です。状況は変わることがあるため、開くたびに改めて確認します。
  }
open-link = このリンクを開く

destination = 行き先
whole-address = アドレスの全体
written-as = 別の表記

reason-asked = このページが必要な理由
reason-missing = 理由を簡単にご記入ください。

details = 詳細
reference = 照会番号
why = 理由
reason-list = 管理者のリストに載っています。
reason-listed-because = 管理者のリストに載っています。登録の理由：
reason-source = 有害なアドレスの情報源に登録されています。
reason-literal-address = アドレスが、名前ではなく数字で書かれています。
reason-userinfo = アドレスの @ の前に文字列があり、本当の行き先を隠している可能性があります。
reason-mixed-scripts = 名前に、見分けにくい別種の文字が混ざっています。
reason-odd-port = 通常は使われないポートを使っています。
reason-single-label = 名前に点がなく、組織内だけの名前のように見えます。
reason-lookalike = 有名な組織の名前に似ていますが、別の所有者の名前です。
reason-nested-url = アドレスの中に別のアドレスが含まれています。
reason-sealed = 所有者にしか分からない別のアドレスへ転送されます。
reason-many-wrappers = 複数のリンク検査が重ねて使われており、本当の行き先が隠されている可能性があります。
reason-too-deep = 多くのアドレスが入れ子になっているため、すべては確認できません。
reference-use = お問い合わせの際は、照会番号をお知らせください。何をどう判断したかを確認できます。

leave = このページを離れる
leave-open = 開かない
left-state = 開いていません
left-happened = リンクは開いていません。
left-do = このタブは閉じてかまいません。

help = お困りのときは
write-to-help = ヘルプデスクにメールを書く
report = 誤りを報告する
report-asked = どこが誤っていますか
report-hint = パスワードは書かないでください。照会番号とリンクのアドレスも一緒に送られます。
report-send = 報告を送る
reported-state = 報告
reported-happened-kept = ご報告を受け付けました。ありがとうございます。
reported-do-kept = { $days }日以内に確認します。下の照会番号をヘルプデスクに伝えると、結果をお知らせできます。
reported-happened-known = この件はすでに報告されています。ありがとうございます。
reported-do-known = 下の照会番号をヘルプデスクに伝えると、結果をお知らせできます。
reported-happened-too-old = ページを開いてから時間がたちすぎたため、報告を送れませんでした。
reported-do-too-old = リンクをもう一度開き、そのページから報告してください。
reported-happened-lost = ご報告を保存できませんでした。
reported-do-lost = 下の照会番号を添えて、ヘルプデスクへご連絡ください。
report-subject = リンクの確認についての報告（照会番号 { $reference }）

error-400 = リクエストを読み取れませんでした。
error-404 = このアドレスには何もありません。
error-405 = このアドレスでは、その操作はできません。
error-408 = 時間切れになりました。
error-413 = 送られた内容が大きすぎます。
error-414 = アドレスが長すぎます。
error-421 = この名前のリンクは扱っていません。
error-do = { $status ->
    [404] メッセージのリンクから来た場合は、元のメッセージに戻り、もう一度開いてください。
    [408] もう一度お試しください。
   *[other] メッセージのリンクから来た場合は、どのリンクを押したかをヘルプデスクへお知らせください。
  }
