//! `claviger scan`: the gateway's recognizers on a file or a stream, for trying rules and for checks of other programs.

mod places;

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, IsTerminal as _, Read, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clap::Args;
use redact::{Class, Content, Masker, Profile, Report};

use self::places::{Place, Places};
use crate::{
    broker,
    output::{Failure, hint, say},
};

/// Something was found; told apart from a scan that could not run.
const FOUND: u8 = 3;
/// A longer line is looked at in pieces.
const PIECE_BYTES_MAX: u64 = 64 * 1024;
/// How often a person at a terminal hears how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

/// What is scanned, and how it is told of.
#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// The file to scan; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the text as an agent would get it, instead of what was found
    #[arg(long, conflicts_with_all = ["explain", "json"])]
    mask: bool,
    /// Say for each find how sure it is, what is done with it, and what to do where it is none
    #[arg(long)]
    explain: bool,
    /// One JSON object for each find, for programs
    #[arg(long)]
    json: bool,
    /// The configuration whose `[masking]` holds; without it the built-in rules, by which all that is found is masked, personal data too
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The upstream whose own masking holds, of that configuration
    #[arg(long, value_name = "NAME", requires = "config")]
    upstream: Option<String>,
}

/// Scans. What is found is never printed, only where it stands.
pub(crate) fn run(arguments: &ScanArguments) -> ExitCode {
    match scan(arguments) {
        Err(failure) => failure.report(),
        Ok(report) if report.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(FOUND),
    }
}

fn scan(arguments: &ScanArguments) -> Result<Report, Failure> {
    let profile = profile(arguments)?;
    let (name, input) = open(&arguments.file)?;
    let unreadable = |error: io::Error| Failure::new(format!("{name}: {error}"));
    if arguments.mask {
        mask(input, &profile).map_err(unreadable)
    } else {
        tell(input, &name, profile, arguments).map_err(unreadable)
    }
}

fn profile(arguments: &ScanArguments) -> Result<Arc<Profile>, Failure> {
    let Some(path) = &arguments.config else { return broker::built_in_masking() };
    let config = super::load(path)?;
    broker::masking(&config, arguments.upstream.as_deref())
}

fn open(path: &Path) -> Result<(String, Box<dyn Read>), Failure> {
    if path == Path::new("-") {
        return Ok(("standard input".to_owned(), Box::new(io::stdin())));
    }
    let file = File::open(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    Ok((path.display().to_string(), Box::new(file)))
}

/// Prints what is left of the text.
fn mask(input: impl Read, profile: &Arc<Profile>) -> io::Result<Report> {
    let mut masker = Masker::without_secrets(profile, Content::Text);
    let mut output = io::stdout().lock();
    let mut written = Ok(());
    let mut out = |clean: Bytes| {
        if written.is_ok() {
            written = output.write_all(&clean);
        }
    };
    pieces(input, |piece| masker.push(piece, &mut out))?;
    let report = masker.finish(&mut out);
    written.and_then(|()| output.flush())?;
    Ok(report)
}

/// Says where something was found.
fn tell(input: impl Read, name: &str, profile: Arc<Profile>, arguments: &ScanArguments) -> io::Result<Report> {
    // Named fields are left in the text here, so that the places of what is found after them are those of the file.
    let looking = Arc::new(Profile::clone(&profile).with_action(Class::NamedField, redact::Action::Detect));
    let places = Places::default();
    let mut masker = Masker::without_secrets(&looking, Content::Text).with_observer(Box::new(places.clone()));
    let teller = Teller { name, profile: &profile, arguments };
    let (mut named_fields, mut bytes, mut told) = (0, 0_u64, Instant::now());
    let shows_progress = io::stderr().is_terminal();
    pieces(input, |piece| {
        bytes += piece.len() as u64;
        places.line_follows(&piece);
        masker.push(piece, &mut |_| {});
        let fields = named(masker.report());
        places.take().iter().for_each(|place| teller.tell(place));
        for _ in named_fields..fields {
            teller.tell(&places.named_field());
        }
        named_fields = fields;
        if shows_progress && told.elapsed() >= PROGRESS_INTERVAL {
            told = Instant::now();
            hint(format!("claviger: {} MiB scanned", bytes >> 20));
        }
    })?;
    let report = masker.finish(&mut |_| {});
    places.take().iter().for_each(|place| teller.tell(place));
    for _ in named_fields..named(&report) {
        teller.tell(&places.named_field());
    }
    teller.conclude(&report, bytes);
    Ok(report)
}

fn named(report: &Report) -> u64 {
    report.detected().find(|(class, _)| *class == Class::NamedField).map_or(0, |(_, count)| count)
}

/// Hands on the input, a line or a piece of a long one at a time.
fn pieces(input: impl Read, mut each: impl FnMut(Bytes)) -> io::Result<()> {
    let mut input = BufReader::new(input);
    loop {
        let mut piece = Vec::new();
        input.by_ref().take(PIECE_BYTES_MAX).read_until(b'\n', &mut piece)?;
        if piece.is_empty() {
            return Ok(());
        }
        each(piece.into());
    }
}

struct Teller<'scan> {
    name: &'scan str,
    profile: &'scan Profile,
    arguments: &'scan ScanArguments,
}

impl Teller<'_> {
    fn tell(&self, place: &Place) {
        let class = self.profile.name(place.class);
        if self.arguments.json {
            let line = serde_json::json!({
                "file": self.name, "line": place.line, "column": place.column, "length": place.length, "class": class,
                "rule": place.rule, "score": place.score, "allowed": place.is_allowed,
            });
            return say(line.to_string());
        }
        let column = place.column.map(|column| format!(":{column}")).unwrap_or_default();
        let at = format!("{}:{}{column}", self.name, place.line);
        if place.is_allowed {
            if self.arguments.explain {
                say(format!("{at}: {class}, allowed by the configuration"));
            }
            return;
        }
        say(format!("{at}: {class}, by the rule {}", place.rule));
        if self.arguments.explain {
            self.explain(place);
        }
    }

    fn explain(&self, place: &Place) {
        let action = match self.profile.action(place.class) {
            redact::Action::Detect => "counted and left as it is",
            redact::Action::Tokenize => "replaced with a pseudonym",
            redact::Action::Mask => "masked",
            redact::Action::Block => "a reason to refuse the whole answer",
        };
        let length = place.length.map(|length| format!(", {length} bytes")).unwrap_or_default();
        say(format!("    sure to {} of 100{length}; in an answer it is {action}", place.score));
        say(
            "    if it is none: add the text as `[[masking.allow]]` with its owner and last day, and scan again with --config",
        );
    }

    fn conclude(&self, report: &Report, bytes: u64) {
        if self.arguments.json {
            return;
        }
        let counts: Vec<_> = report
            .classes()
            .chain(report.detected())
            .map(|(class, count)| format!("{count} {}", self.profile.name(class)))
            .collect();
        let found = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
        hint(format!("{}: {bytes} bytes scanned, {found}", self.name));
    }
}
