//! The most memory that this process had, after a body of a length was scanned for a number of secrets.

use std::{error::Error, fs, hint::black_box, sync::Arc};

use bytes::Bytes;
use redact::{Masker, Personal, PersonalSettings, Profile, Shapes};

use crate::{looks, texts::Text};

/// A long body is this text again and again, so that holding the body itself does not count.
const TEXT_BYTES: usize = 1 << 20;
const PIECE_BYTES: usize = 64 << 10;

/// Prints what the kernel says.
pub(crate) fn measure(secrets: usize, bytes: usize) -> Result<(), Box<dyn Error>> {
    let text = Text::Json.write(TEXT_BYTES);
    let personal = Personal::new(PersonalSettings { default_region: None, ..PersonalSettings::default() })?;
    let profile = Profile::new().with_shapes(Shapes::built_in()).with_personal(Arc::new(personal));
    let mut masker = Masker::new(looks::live(secrets)?, &Arc::new(profile), Text::Json.content());
    let mut out = |clean: Bytes| drop(black_box(clean));
    let mut rest = bytes;
    while rest > 0 {
        let mut body = text.slice(..rest.min(text.len()));
        rest -= body.len();
        while !body.is_empty() {
            masker.push(body.split_to(PIECE_BYTES.min(body.len())), &mut out);
        }
    }
    black_box(masker.finish(&mut out));
    let status = fs::read_to_string("/proc/self/status")?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    println!("most_kib={}", most.ok_or("the kernel does not say how much memory this process had")?);
    Ok(())
}
