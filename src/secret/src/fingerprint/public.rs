//! The beginnings of secrets that their vendors publish.

/// Beginnings by which vendors make their tokens recognizable, and the schemes of `Authorization`.
const PREFIXES: [&str; 66] = [
    "Bearer ",
    "bearer ",
    "Basic ",
    "Token ",
    "token ",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "glptt-",
    "gldt-",
    "sk-ant-api03-",
    "sk-ant-admin01-",
    "sk-ant-oat01-",
    "sk-ant-",
    "sk-proj-",
    "sk-svcacct-",
    "sk-or-v1-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "pk_live_",
    "whsec_",
    "AKIA",
    "ASIA",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxe.",
    "xoxs-",
    "xapp-1-",
    "AIzaSy",
    "ya29.",
    "GOCSPX-",
    "npm_",
    "pypi-AgEIcHlwaS5vcmc",
    "dop_v1_",
    "doo_v1_",
    "hvs.CAESI",
    "hvs.",
    "hvb.",
    "SG.",
    "shpat_",
    "shpss_",
    "lin_api_",
    "ATATT3xFfGF0",
    "ATCTT3xFfGN0",
    "figd_",
    "dckr_pat_",
    "rubygems_",
    "hf_",
    "gsk_",
    "xai-",
    "r8_",
    "ntn_",
    "secret_",
    "sntrys_eyJ",
    "tskey-auth-",
    "sbp_",
    "pplx-",
    "AGE-SECRET-KEY-1",
];

/// How many bytes at the start of a secret anybody knows.
pub(super) fn public_length(text: &str) -> usize {
    let mut rest = text;
    // `Bearer ghp_…` has two.
    for _ in 0..2 {
        let prefix = PREFIXES.iter().filter(|prefix| rest.starts_with(**prefix)).map(|prefix| prefix.len()).max();
        rest = &rest[prefix.unwrap_or(0)..];
    }
    text.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_known_beginning_is_found_behind_a_scheme_too() {
        for (text, length) in [("sk-ant-api03-x", 13), ("Bearer ghp_x", 11), ("x-ghp_", 0), ("", 0), ("sk-", 3)] {
            assert_eq!(public_length(text), length, "{text}");
        }
    }
}
