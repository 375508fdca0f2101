//! The beginning of a run, step by step: what is known before anything is loaded, what has been loaded, what runs.

use std::io::{self, IsTerminal};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sd_notify::NotifyState;

use crate::capture::store::Store;
use crate::capture::{self, Capture};
use crate::catalogue::spec::Life;
use crate::catalogue::{self, special, EventSpec};
use crate::chosen::{self, Chosen};
use crate::cli::config::Config;
use crate::clock::{Timeline, WallClock};
use crate::command::{open_process, Command};
use crate::enrich::container::Containers;
use crate::error::Error;
use crate::fields::Field;
use crate::filter::compile::compile;
use crate::intake::Intake;
use crate::limits;
use crate::loader::features::Features;
use crate::loader::lookup::{self, BuildPolicy};
use crate::loader::marks::marked_calls;
use crate::loader::probe::{self, Sources};
use crate::loader::{object, KernelSide, Plan};
use crate::output::spec::{self, Format, Target};
use crate::output::template::Template;
use crate::output::{target, Outputs};
use crate::privilege::{self, Uses};
use crate::process::proc::Proc;
use crate::process::Processes;
use crate::recording::header::{self, Flags, Header, Row};
use crate::recording::write::Recorder;
use crate::running::Running;
use crate::say;
use crate::scope::Scope;
use crate::signals::{Before, Phase, Stop};
use crate::sink::{Sink, Trigger, When};
use crate::users::Users;

/// Traces as configured. Returns the exit status: the command's, or 0.
pub fn run(config: &Config) -> Result<u8, Error> {
    Prepared::new(config)?.load()?.begin()?.trace()
}

/// All that can be known, and refused, before anything is loaded.
struct Prepared<'a> {
    config: &'a Config,
    stop: Stop,
    /// Forked before the first thread; it waits to be started.
    command: Option<Command>,
    /// File of the BPF object; `None`: the embedded one.
    object: Option<PathBuf>,
    uses: Uses,
    features: Features,
    chosen: Chosen,
    /// What is captured, and where it is stored.
    capture: Option<(capture::Settings, Store)>,
    no_memory: Option<String>,
}

impl<'a> Prepared<'a> {
    fn new(config: &'a Config) -> Result<Self, Error> {
        target::check_inherited(config.outputs.iter().chain(&config.recording))?;
        if spec::messages_are_json(&config.outputs) {
            say::as_json();
        }
        limits::enough_files()?;
        let (before, signals) = Before::take_over(config.keep_before.is_some())?;
        // The command is prepared before the first thread starts, since that forks.
        let command = match config.command.as_slice() {
            [] => Ok(None),
            words => {
                let mut outputs = config.outputs.iter().chain(&config.recording);
                let stdout_is_ours = outputs.any(|output| output.target == Target::Fd(1));
                Command::prepare(words, &before, stdout_is_ours).map(Some)
            }
        };
        let process = command
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(Command::process);
        let process = process.map(|process| process.try_clone_to_owned()).transpose();
        let process = process.map_err(Error::system("the command"))?;
        let signalled = process.as_ref().map(AsRawFd::as_raw_fd);
        let stop = Stop::install(signals, process)?;
        let command = command?;
        let uses = Uses {
            proc: shows_json(config),
            capture: config.capture.is_some(),
            command: signalled,
        };
        // A rebuild needs no privilege. Else no warning about an object comes before what ends the run anyway.
        let rebuilds = config.object.policy == BuildPolicy::Always;
        if !rebuilds {
            privilege::check(uses)?;
        }
        let object = lookup::choose(&config.object)?;
        if rebuilds {
            privilege::check(uses)?;
        }
        let features = Features::of()?;
        let chosen = chosen::available(&config.events, &features)?;
        let (settings, no_memory) = chosen::possible(config.capture.clone(), &features)?;
        let capture = settings
            .map(|settings| open_store(&settings).map(|store| (settings, store)))
            .transpose()?;
        Ok(Prepared {
            config,
            stop,
            command,
            object,
            uses,
            features,
            chosen,
            capture,
            no_memory,
        })
    }

    fn shows(&self, which: impl Fn(&EventSpec) -> bool) -> bool {
        self.chosen.events.iter().any(|event| which(event))
    }

    /// Whether names of containers are shown, or decide what is shown.
    fn names_containers(&self) -> bool {
        shows_json(self.config)
            || self.shows(|event| event.columns.life.is_some_and(Life::of_container))
            || self.config.filters.container.is_some()
            || self
                .config
                .style
                .template
                .as_ref()
                .is_some_and(Template::names_containers)
    }

    /// Loads the kernel side and opens the outputs. Nothing is attached yet.
    fn load(self) -> Result<Loaded<'a>, Error> {
        let config = self.config;
        let json = shows_json(config);
        let names = self.names_containers();
        let shown = config
            .style
            .template
            .as_ref()
            .is_some_and(Template::shows_containers);
        let containers = names || shown || config.scope.needs_containers() || self.capture.is_some();
        let events = &self.chosen.events;
        let capture = self.capture.as_ref().map(|(settings, _)| settings.plan());
        let (filters, matcher) = compile(&config.filters, events);
        let mut kernel = KernelSide::load(
            &Plan {
                scope: &config.scope,
                events,
                bookkeeping: json || self.command.is_some(),
                containers,
                nodename: json
                    || config.outputs.iter().any(|output| output.format != Format::Table)
                    || template_shows(config, Field::Uts),
                detail: config.detail,
                filters: &filters,
                checked: &probe::checked_calls(events, &self.features),
                marked: &marked_calls(
                    events,
                    capture,
                    config.verify_results || config.detail.durations,
                    &self.features,
                ),
                capture,
                epoch: Timeline::now().wall(0),
            },
            &self.features,
        )?;
        let clock = WallClock::start(kernel.clock_ahead())?;
        let inner = matches!(config.scope, Scope::Containers(_));
        let mut outputs = Outputs::open(&config.outputs, clock.timeline(), inner, &config.style)?;
        outputs.original_syscall = config.original_syscall;
        if let Some(command) = &self.command {
            kernel.follow_command(command.pid())?;
        }
        let sources = Sources::new(&self.features);
        let recorder = config
            .recording
            .as_ref()
            .map(|spec| {
                Recorder::open(
                    spec,
                    self.header(&kernel, &clock.timeline(), inner, &sources),
                    config.keep_before,
                )
            })
            .transpose()?;
        let intake = Intake::new(
            json.then(|| Processes::new(Proc::new(kernel.kernel_pid_and_clock()), all_ancestors(config))),
            containers
                .then(|| Containers::new(names, config.scope.listed()))
                .transpose()?,
            sources,
        );
        let mut sink = Sink::new(
            outputs,
            recorder,
            matcher,
            config.detail.exec_env,
            self.stop.clone(),
        );
        sink.limit(config.events_max);
        if config.keep_before.is_some() {
            let when = config.when.as_ref();
            sink.wait_for(Trigger {
                when: when.map(|when| When::new(when, events, kernel.pid_namespace())),
            });
        }
        Ok(Loaded {
            prepared: self,
            kernel,
            clock,
            intake,
            sink,
        })
    }

    /// What a recording of this run begins with, but for the time.
    fn header(
        &self,
        kernel: &KernelSide,
        clock: &Timeline,
        shows_containers: bool,
        sources: &Sources,
    ) -> Header {
        let config = self.config;
        let shown = self.chosen.events.iter().map(|event| Row::of(event, true));
        let needed = catalogue::KERNEL
            .iter()
            .filter(|event| event.columns.life.is_some() && !self.shows(|shown| shown.id == event.id));
        let users = Users::read();
        Header {
            tracee: env!("CARGO_PKG_VERSION").into(),
            host: header::Host::this(),
            clock: clock.spans().to_vec(),
            scope: config.scope.to_string(),
            shows_containers,
            flags: Flags {
                exec_env: config.detail.exec_env,
                decode_fds: config.detail.decode_fds,
                durations: config.detail.durations,
                verify_results: config.verify_results,
                decode_buffers: config.detail.buffer_bytes,
                original_syscall: config.original_syscall,
                ancestors: all_ancestors(config),
            },
            events: shown.chain(needed.map(|event| Row::of(event, false))).collect(),
            names: header::names(),
            sources: sources.rows(),
            users: users.names().clone(),
            mount_namespace: users.namespace(),
            pid_namespace: kernel.pid_namespace(),
            ..Header::default()
        }
    }
}

/// Programs are in the kernel, and outputs are open.
struct Loaded<'a> {
    prepared: Prepared<'a>,
    kernel: KernelSide,
    clock: WallClock,
    intake: Intake,
    sink: Sink,
}

impl Loaded<'_> {
    /// Attaches the programs, begins to trace, and starts the command.
    fn begin(self) -> Result<Running, Error> {
        let Loaded {
            prepared,
            mut kernel,
            clock,
            intake,
            mut sink,
        } = self;
        let report_existing = prepared.shows(|event| event.id == special::EXISTING_CONTAINER.id);
        let config = prepared.config;
        let capture = prepared
            .capture
            .map(|(settings, store)| {
                let maps = kernel.capture_maps()?;
                Capture::start(settings, store, maps, clock.clone())
            })
            .transpose()?;
        kernel.attach()?;
        // Rings take most of our memory; the memory for loading has been freed by now.
        let rings = kernel.ring_maps()?;
        sink.begin(kernel.now())?;
        kernel.start(&config.scope)?;
        // From now on there may be events, which a signal must not throw away.
        prepared.stop.enter(Phase::Running);
        chosen::warn(
            &prepared.chosen.missing,
            prepared.no_memory.as_deref(),
            &prepared.features,
            config.debug,
        );
        if io::stderr().is_terminal() && !config.quiet {
            let count = prepared.chosen.events.len();
            let events = if count == 1 { "event" } else { "events" };
            let end = if prepared.command.is_some() {
                "^C twice"
            } else {
                "^C"
            };
            let (word, when) = match (&config.recording, config.keep_before) {
                (None, _) => ("tracing", ""),
                (Some(_), None) => ("recording", ""),
                (Some(_), Some(_)) => ("recording", " when something happens"),
            };
            say!("{word} {count} {events} of {}{when} ({end} ends)", config.scope);
        }
        sink.flush()?;
        if config.debug {
            let object = prepared.object.as_deref();
            let object = object.map_or("embedded".into(), Path::to_string_lossy);
            say!("the BPF object is {object}");
            say!("tracing has begun");
        }
        // As a service, tracee counts as started from now on. If this fails, the service manager, which waits, reports
        // it.
        let _ = privilege::as_user(|| sd_notify::notify(&[NotifyState::Ready]))?;
        let folder = config.capture.as_ref().map(|settings| settings.folder.as_path());
        let mut running = Running::new(
            kernel,
            rings,
            (intake, sink),
            clock,
            prepared.stop,
            capture.zip(folder),
            prepared.chosen.events,
        );
        if let Some(command) = prepared.command {
            running.start(command)?;
        }
        if let Some(duration) = config.duration {
            running.end_at(Instant::now() + duration);
        }
        if config.quiet {
            running.be_quiet();
        }
        if let Scope::Pids(pids) = &config.scope {
            // One that has ended meanwhile has no descriptor, and does not keep the run going.
            running.end_with(pids.iter().flat_map(|pid| open_process(*pid)).collect());
        }
        running.meet_existing_containers(report_existing)?;
        object::forget();
        privilege::limit(prepared.uses)?;
        Ok(running)
    }
}

/// Whether executables and ancestors of processes and names of containers are shown: in JSON, in recordings, and where the user asks for them.
fn shows_json(config: &Config) -> bool {
    let json = config.outputs.iter().any(|output| output.format.is_json());
    let fields = [Field::Exe, Field::Entity, Field::ParentEntity, Field::Ancestors];
    let shown = fields.iter().any(|field| template_shows(config, *field));
    json || config.recording.is_some() || shown
}

/// Whether ancestors are shown at all events.
fn all_ancestors(config: &Config) -> bool {
    config.ancestors || template_shows(config, Field::Ancestors)
}

fn template_shows(config: &Config, field: Field) -> bool {
    config
        .style
        .template
        .as_ref()
        .is_some_and(|template| template.shows(field))
}

/// Opens the folder of artefacts.
fn open_store(settings: &capture::Settings) -> Result<Store, Error> {
    Ok(privilege::as_user(|| {
        Store::open(&settings.folder, settings.clear, settings.limits)
    })??)
}
