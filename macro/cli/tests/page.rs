//! The page that `report --html` writes, opened in a browser without a window.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the page's own script cannot say: it is added behind it.
const CHECK: &str = r#"
<script>
const head = document.querySelector("table.sortable th:nth-child(3) button");
const numbers = () => [...head.closest("table").tBodies[0].rows].map((row) => Number(row.cells[2].dataset.v));
head.click();
const down = numbers();
head.click();
const up = numbers();
const sorted = down.every((x, i) => i === 0 || down[i - 1] >= x) && up.every((x, i) => i === 0 || up[i - 1] <= x);
const seen = {
  errors: window.seenErrors,
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  width: window.innerWidth,
  histograms: document.querySelectorAll("td svg").length,
  figures: document.querySelectorAll("figure svg").length,
  empty: [...document.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width < 20).length,
  sorted,
  dark: getComputedStyle(document.body).backgroundColor,
};
parent.postMessage(JSON.stringify(seen), "*");
</script>
"#;

/// A page around the page: windows of browsers are not as narrow as telephones.
const FRAME: &str = r#"<!DOCTYPE html><body><script>
addEventListener("message", (event) => { document.body.textContent = "SEEN" + event.data + "SEEN"; });
</script><iframe src="page.html" style="width:WIDTHpx;height:900px;border:0"></iframe></body>"#;

/// Before everything else: errors of scripts and of the console.
const LISTEN: &str = r#"<script>
window.seenErrors = [];
window.addEventListener("error", (event) => window.seenErrors.push(String(event.message)), true);
console.error = (...words) => window.seenErrors.push(words.join(" "));
</script>"#;

fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let all = names
        .iter()
        .flat_map(|name| folders.iter().map(move |f| f.join(name)));
    all.into_iter().find(|program| program.is_file())
}

#[test]
fn the_page_works_in_a_browser() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("page.html");
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
        .args(["report", "photo_locator", "--html"])
        .arg(&page)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"))
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read_to_string(&page).expect("a page");
    // One file: nothing is loaded from elsewhere.
    for part in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!text.contains(part), "{part}");
    }
    let Some(browser) = browser() else {
        eprintln!(
            "skipped: there is no chromium, chromium-browser or google-chrome to open the page"
        );
        return;
    };
    let text = text.replacen("<head>", &format!("<head>{LISTEN}"), 1);
    let text = text.replacen("</body>", &format!("{CHECK}</body>"), 1);
    std::fs::write(&page, text).expect("writable");
    let frame = folder.path().join("frame.html");
    let mut backs = Vec::new();
    for (width, scheme) in [(1280, 0), (400, 0), (1280, 1), (400, 1)] {
        let text = FRAME.replace("WIDTH", &width.to_string());
        std::fs::write(&frame, text).expect("writable");
        let output = Command::new(&browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .args(["--window-size=1400,1000", "--virtual-time-budget=20000"])
            .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg(format!("file://{}", frame.display()))
            .output()
            .expect("the browser runs");
        let dom = String::from_utf8_lossy(&output.stdout);
        let seen = dom
            .split("SEEN")
            .nth(1)
            .unwrap_or_else(|| panic!("no result: {dom}"));
        let seen: serde_json::Value = serde_json::from_str(seen).expect("JSON");
        assert_eq!(seen["width"], width, "{seen}");
        assert_eq!(seen["errors"].as_array().map(Vec::len), Some(0), "{seen}");
        assert!(
            seen["overflow"].as_i64().is_some_and(|more| more <= 0),
            "{seen}"
        );
        assert!(
            seen["histograms"].as_i64().is_some_and(|n| n > 40),
            "{seen}"
        );
        assert_eq!(seen["figures"], 3, "{seen}");
        assert_eq!(seen["empty"], 0, "{seen}");
        assert_eq!(seen["sorted"], true, "{seen}");
        backs.push(seen["dark"].clone());
    }
    assert_ne!(backs[0], backs[2], "light and dark look the same");
}
