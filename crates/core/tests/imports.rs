//! No files of crates/core/src import each other in a circle: whoever changes one room need not open the rooms above it.

// It reads the sources, which WebAssembly does not see.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Paths of modules, `code::ttfs::slots`, with the file of each; the crate itself is "".
fn modules(folder: &Path, prefix: &str, found: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        if path.is_dir() {
            modules(&path, &format!("{prefix}{name}::"), found);
        } else if name == "mod" || (name == "lib" && prefix.is_empty()) {
            found.insert(prefix.trim_end_matches("::").into(), path);
        } else {
            found.insert(format!("{prefix}{name}"), path);
        }
    }
}

/// The paths in a `use` tree: `a::{b, c::{d, self}}` gives a::b, a::c::d and a::c::self.
fn spread(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        return vec![tree.split(" as ").next().unwrap().trim().to_string()];
    };
    let (head, body) = (&tree[..open], &tree[open + 1..tree.rfind('}').unwrap()]);
    let (mut depth, mut first, mut paths) = (0, 0, Vec::new());
    for (at, letter) in body.char_indices().chain([(body.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !body[first..at].trim().is_empty() {
                    paths.extend(spread(&body[first..at]).into_iter().map(|path| format!("{head}{path}")));
                }
                first = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// The module that a path leads to: the longest known one that it begins with.
fn resolve(path: &str, from: &str, modules: &BTreeMap<String, PathBuf>) -> Option<String> {
    let mut words: Vec<&str> = path.split("::").map(str::trim).collect();
    let mut base: Vec<&str> = from.split("::").filter(|word| !word.is_empty()).collect();
    match words[0] {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            base.pop();
        }
        first if modules.contains_key(&[&base[..], &[first]].concat().join("::")) => base.push(first),
        _ => return None,
    }
    words.remove(0);
    while words.first() == Some(&"super") {
        base.pop();
        words.remove(0);
    }
    let whole = [base, words].concat();
    (0..=whole.len()).rev().map(|length| whole[..length].join("::")).find(|module| modules.contains_key(module))
}

/// What each file of a crate imports of it, by `use` and by paths written out; not a room its own parts.
fn imports(modules: &BTreeMap<String, PathBuf>) -> BTreeMap<String, BTreeSet<String>> {
    let mut graph = BTreeMap::new();
    for (module, file) in modules {
        let text = fs::read_to_string(file).unwrap();
        let code: String = text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
        let mut paths = Vec::new();
        for (at, _) in code.match_indices("use ") {
            let alone = code[..at].chars().last().is_none_or(|letter| letter.is_whitespace());
            if let (true, Some(end)) = (alone, code[at..].find(';')) {
                paths.extend(spread(&code[at + 4..at + end]));
            }
        }
        for start in ["crate::", "super::"] {
            for (at, _) in code.match_indices(start) {
                let rest = &code[at..];
                let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
                paths.push(rest[..end.unwrap_or(rest.len())].trim_end_matches(':').to_string());
            }
        }
        // A room names its own parts: that is how it is put together. `crate::` alone leads to macros.
        let part = |target: &String| target.starts_with(&format!("{module}::"));
        let targets = paths.iter().filter_map(|path| resolve(path, module, modules));
        let others = targets.filter(|target| target != module && !target.is_empty() && !part(target));
        graph.insert(module.clone(), others.collect());
    }
    graph
}

/// All that can be reached from each file.
fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let reached = |start: &String| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![start]);
        while let Some(module) = left.pop() {
            for target in graph.get(module).into_iter().flatten() {
                if seen.insert(target.clone()) {
                    left.push(target);
                }
            }
        }
        seen
    };
    graph.keys().filter(|module| reached(module).contains(*module)).cloned().collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = BTreeMap::new();
    modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
    let graph = imports(&found);
    let edges: usize = graph.values().map(BTreeSet::len).sum();
    assert!(found.len() > 40 && edges > 80, "{} files and {edges} imports were read", found.len());
    assert_eq!(circles(&graph), Vec::<String>::new(), "files in circles");
}

#[test]
fn circles_are_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        edges.iter().for_each(|&(from, to)| {
            graph.entry(from.into()).or_default().insert(to.into());
        });
        graph
    };
    assert_eq!(circles(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), Vec::<String>::new());
    assert_eq!(circles(&graph(&[("a", "b"), ("b", "c"), ("c", "b")])), ["b", "c"]);
    assert_eq!(spread("a::{b, c::{d, self}, e as f}"), ["a::b", "a::c::d", "a::c::self", "a::e"]);
}
