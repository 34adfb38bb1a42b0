use super::formats::Found;
use crate::url::WebUrl;

/// `www-example-com.translate.goog`: a dot is `-`, a hyphen is `--`.
pub(super) fn read(url: &WebUrl) -> Option<Found> {
    let label = url.host_str().strip_suffix(".translate.goog").filter(|label| !label.contains('.'))?;
    let host = label.replace("--", "\0").replace('-', ".").replace('\0', "-");
    let own = |pair: &&str| !pair.starts_with("_x_tr_");
    let query: Vec<&str> = url.query().unwrap_or_default().split('&').filter(own).collect();
    let query = query.join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    Some(Found::Url(format!("{}://{host}{}{mark}{query}", url.scheme(), url.path())))
}
