//! A disk that is full, a directory and files that are read-only, a database that is locked.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::answers::{self, Answers};
use crate::row::not_possible;
use crate::world::World;

/// Asserts that the fault was one: the server noticed.
pub(crate) fn noticed(during: &Answers) {
    assert!(during.ready.contains("503"), "it was no fault: {during}");
    assert!(
        during.refresh.contains("503 temporarily_unavailable"),
        "it was no fault: {during}"
    );
}

/// Takes all room of the disk, and what the server frees of it, until the server notices.
async fn fill(world: &World, filler: &Path) {
    let ready = world.deployment.url.join("/readyz").unwrap();
    for _ in 0..50 {
        let file = OpenOptions::new().create(true).append(true).open(filler);
        let mut file = file.unwrap();
        let full = loop {
            if let Err(error) = file.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        if answers::ready(ready.clone()).await.contains("503") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_signs_no_person_out_and_everything_works_once_there_is_room() {
    let mut world = World::prepare("full").await;
    // A container may forbid namespaces and mounts even to root. The next test needs neither.
    if let Err(error) = world.deployment.move_to_disk(2 * 1024 * 1024).await {
        not_possible("disk full, then freed", &error.to_string());
        return;
    }
    let server = world.start().await;
    let filler = world.deployment.seen().join("filler");
    fill(&world, &filler).await;
    let during = world.during().await;
    noticed(&during);
    std::fs::remove_file(&filler).unwrap();
    let after = world.after().await;
    let row = world.conclude("disk full, then freed", server, during, after);
    row.await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_grow_sign_no_person_out_and_everything_works_once_they_can() {
    let world = World::prepare("limit").await;
    let server = world.start().await;
    server.limit_files("0").await.unwrap();
    let during = world.during().await;
    noticed(&during);
    server.limit_files("unlimited").await.unwrap();
    let after = world.after().await;
    let row = world.conclude("no file can grow, then it can", server, during, after);
    row.await.check();
}

/// A path that is read-only until this is dropped, and its former permissions.
struct Unchangeable(PathBuf, fn(&Path));

impl Unchangeable {
    /// A file or directory with the attribute that binds root, too.
    fn immutable(path: &Path) -> Result<Unchangeable, String> {
        let undo = |path: &Path| drop(Command::new("chattr").arg("-i").arg(path).status());
        match Command::new("chattr").arg("+i").arg(path).output() {
            Ok(output) if output.status.success() => Ok(Unchangeable(path.to_owned(), undo)),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(format!("chattr: {error}")),
        }
    }

    /// A directory in which nothing can be made or removed.
    fn directory(path: &Path) -> Result<Unchangeable, String> {
        let reason = match Unchangeable::immutable(path) {
            Ok(directory) => return Ok(directory),
            Err(reason) => reason,
        };
        permit(path, 0o500);
        let directory = Unchangeable(path.to_owned(), |path| permit(path, 0o700));
        match tempted(path) {
            false => Ok(directory),
            true => Err(format!("{reason}; and root heeds no permissions")),
        }
    }
}

impl Drop for Unchangeable {
    fn drop(&mut self) {
        (self.1)(&self.0);
    }
}

fn permit(path: &Path, mode: u32) {
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
}

/// Whether a file can be made in a directory.
fn tempted(directory: &Path) -> bool {
    let file = directory.join("tempted");
    let made = std::fs::write(&file, "").is_ok();
    let _ = std::fs::remove_file(&file);
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_directory_signs_no_person_out() {
    let world = World::prepare("directory").await;
    let server = world.start().await;
    let directory = world.deployment.directory.clone();
    let closed = match Unchangeable::directory(&directory) {
        Ok(closed) => closed,
        // Privileges that a container has not, and which no test may ask for.
        Err(reason) => {
            return not_possible("directory immutable, then freed", &reason);
        }
    };
    assert!(!tempted(&directory));
    let during = world.during().await;
    drop(closed);
    let after = world.after().await;
    let row = world.conclude("directory immutable, then freed", server, during, after);
    row.await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_files_sign_no_person_out_and_everything_works_once_they_can() {
    let world = World::prepare("immutable").await;
    let server = world.start().await;
    let files = ["", "-wal", ".calls", ".marker"].map(|it| world.deployment.beside(it));
    let immutable: Result<Vec<_>, _> = files.iter().map(|it| Unchangeable::immutable(it)).collect();
    let immutable = match immutable {
        Ok(immutable) => immutable,
        Err(reason) => {
            return not_possible("files immutable, then freed", &reason);
        }
    };
    let during = world.during().await;
    noticed(&during);
    drop(immutable);
    let after = world.after().await;
    let row = world.conclude("files immutable, then freed", server, during, after);
    row.await.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_another_process_holds_signs_no_person_out() {
    let world = World::prepare("locked").await;
    let server = world.start().await;
    let mut other = world.deployment.open_store().await.unwrap();
    other.run("BEGIN EXCLUSIVE").await.unwrap();
    let during = world.during().await;
    noticed(&during);
    drop(other);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let after = world.after().await;
    let row = world.conclude("database locked, then freed", server, during, after);
    row.await.check();
}
