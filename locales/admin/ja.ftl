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
