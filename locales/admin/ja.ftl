# 管理用の受け口の画面。リンクを開いた人が見る画面の文は ../ja.ftl にある。

admin-title = Sekisho（{ $node }）
admin-home = 概要
admin-foot = バージョン { $version }。{ $now } 時点の状態です。新しい状態を見るには、再読み込みしてください。
admin-happened = { $state ->
    [ready] すべて正常です。
    [degraded] クリックには応答していますが、確認が必要な箇所があります。
   *[other] ここへクリックを送らないでください。
  }
admin-since = { $started } から稼働しています。
admin-ready = 正常
admin-degraded = 要確認
admin-not-ready = 利用不可
admin-health = 稼働状況
admin-part = 対象
admin-state = 状態
admin-says = 詳細
admin-part-name = { $part ->
    [server] サーバー
    [configuration] 設定
    [lists] リスト
    [feeds] フィード
    [rulings] 取り消したリンク
    [keyring] 鍵束
    [templates] テンプレート
    [click-log] クリック記録
   *[other] { $part }
  }
admin-clicks = 最近のクリック
admin-no-clicks = まだクリックはありません。だれかがリンクを開くと、ここに表示されます。
admin-clicks-problem = いまはクリックの記録を読めません。
admin-outcome-head = 結果
admin-outcome = { $outcome ->
    [allowed] 通過
    [allowed_by_admin] 通過（登録による）
    [noticed] 確認画面を表示
    [warned] 警告
    [warned_proceeded] 警告後に続行
    [blocked] 遮断
    [blocked_by_admin] 遮断（登録による）
    [bad_signature] リンク破損
    [revoked] 取り消し済み
    [rate_limited] 回数超過
    [error_failed_open] 未確認で通過
    [error_failed_closed] 未確認で遮断
   *[other] { $outcome }
  }
admin-host = ホスト
admin-url = 行き先（一部伏せ字）
admin-time = 日時（UTC）
admin-actor = だれが
admin-actor-name = { $actor ->
    [human] 人
    [prefetch] 先読み
    [scanner] 検査
   *[other] 不明
  }
admin-reference = 照会番号
admin-lists = 適用中のリスト
admin-no-lists = 適用中のリストはありません。リストのフォルダーに *.list ファイルを保存すると、ここに表示されます。
admin-list = リスト
admin-action = 動作
admin-action-name = { $action ->
    [block] 遮断
    [allow] 許可
    [never-block] 遮断しない
    [internal] 組織内
   *[other] { $action }
  }
admin-entries = 件数
admin-version = 版
admin-in-force-since = 適用開始（UTC）
admin-generation = リストの世代は { $generation } です。
admin-reload = 再読み込み
admin-result = 結果
admin-taken = 適用中
admin-refused = 不採用
admin-last-read = 最終読み込み（UTC）
admin-last-taken = 最終適用（UTC）
admin-message = 内容
admin-waiting = 変更済みで、次の起動から有効になる設定：
admin-keys = 鍵
admin-key = 鍵
admin-key-state = { $state ->
    [signing] 署名に使用中
    [verify-only] 検証のみ
    [compromised] 漏えい
   *[other] { $state }
  }
admin-key-from = 署名開始（UTC）
admin-key-until = 署名終了（UTC）
admin-key-days = 経過日数
admin-click-title = クリック { $reference }
admin-click-lead = このクリックについて分かっていることを、古い順に示します。行き先は一部を伏せています。
admin-click-unknown = この照会番号のクリックは、このノードの記録にありません。
admin-entries-title = リストと登録
admin-search = 登録、理由、案件番号の一部
admin-find = 検索
admin-search-problem = いまはリストを検索できません。
admin-nothing-found = この文字を含む登録は、適用中のリストにありません。
admin-more-found = ほかにもあります。より長い文字で検索してください。
admin-entry = 登録
admin-reason = 理由
admin-until = 期限（最終日、UTC）
admin-run-out = （期限切れ）
admin-case = 案件番号
admin-by = 決めた人
admin-confirm = 拒否の解除
admin-confirm-name = { $what ->
    [suffix] 公開サフィックス全体を対象にする
    [never-block] 遮断しないホストを対象にする
   *[other] 両方を対象にする
  }
admin-change = 変更
admin-expire = 期限を設定
admin-remove = 削除
admin-of-a-feed = フィードの登録
admin-add = 登録を追加
admin-preview = 影響を確認
admin-write = 書き込む
admin-enter = 変更するには、この設備の鍵を入力してください。鍵はデータフォルダーの次のファイルにあります：
admin-the-key = 鍵
admin-enter-button = 続ける
admin-not-done = 変更していません。
admin-preview-title = 次のように書き込みます。
admin-written = 書き込みました。1 秒以内に適用されます。
admin-unchanged = すでにあるため、書き込んでいません。
admin-met = 直近 1 日のクリック { $of } 件のうち、{ $clicks } 件に一致します。
admin-relation = { $relation ->
    [same] すでにあります：
    [covered-by] より広い登録に含まれています：
    [covers] 次の登録は不要になります：
    [beaten-by] 次の登録と矛盾し、両方に一致する場合は次が優先されます：
   *[other] 次の登録と矛盾し、両方に一致する場合はこちらが優先されます：
  }
admin-breaks = 次のリストは直前の正しい版のままになります：
admin-feeds = フィード
admin-no-feeds = フィードは設定されていません。設定の方法は docs/FEEDS.md にあります。
admin-feed-standing = { $standing ->
    [current] 正常
    [never] まだ適用されていません
    [failing] 取得できず、再試行中
    [stale] 古くなっています
    [refused] 更新を採用していません
   *[other] 前の版に戻し、更新を停止中
  }
admin-feed-problem-since = { $since } UTC から
admin-feed-trust = 扱い
admin-feed-trust-name = { $trust ->
    [block] 有害とみなす
    [warn] 疑わしいとみなす
   *[other] 記録のみ
  }
admin-feed-checked = 最終確認（UTC）
admin-feed-due = 次の確認（UTC）
admin-feed-left-out = 除外した行
admin-feed-from = 取得元
admin-feed-update = いま確認する
admin-feed-accept = 拒否した更新を採用する
admin-feed-rollback = 版 { $version } に戻す
admin-feed-done = { $asked ->
    [yes] フィードに問い合わせています。少し待ってから、再読み込みしてください。
   *[other] 適用中の版：
  }
