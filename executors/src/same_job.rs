//! Shares one job among all submits with the same key, while it is under way.

use std::any::TypeId;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::codec::Answer;
use crate::encoded::{Completion, EncodedJob};
use crate::error::Error;
use crate::pool_id::PoolId;
use crate::promise::Owner;
use crate::sync::lock;

/// The identity of a job: its type, its length in bytes, and a hash of the bytes.
#[derive(Clone, Copy, PartialEq)]
struct Content(TypeId, usize, u64);

impl Content {
    fn of(job: &EncodedJob) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(job.payload());
        Self(job.job_type().id(), job.payload().len(), hasher.finish())
    }
}

type Name = (PoolIdKey, String);
type PoolIdKey = u64;

/// The jobs with a key that are under way, by pool and key. It is a lock of std, also under loom:
/// no loom model uses keys.
static UNDER_WAY: OnceLock<std::sync::Mutex<HashMap<Name, Arc<Group>>>> = OnceLock::new();

fn under_way() -> std::sync::MutexGuard<'static, HashMap<Name, Arc<Group>>> {
    let all = UNDER_WAY.get_or_init(std::sync::Mutex::default);
    all.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Submits a job, unless it has a [key](crate::Options::key) and the same job is under way in this
/// pool: then its future gets that job's result. For authors of executors.
///
/// # Errors
/// [`Error::KeyInUse`]; the errors of `hand_in`.
pub fn submit_once(
    pool: PoolId,
    mut job: EncodedJob,
    hand_in: impl FnOnce(EncodedJob) -> Result<Arc<dyn Owner>, Error>,
) -> Result<Arc<dyn Owner>, Error> {
    let Some(key) = job.options().key.clone() else {
        return hand_in(job);
    };
    let content = Content::of(&job);
    let name = (pool.number(), key);
    let mut all = under_way();
    if let Some(group) = all.get(&name) {
        if group.content != content {
            return Err(Error::KeyInUse { key: name.1 });
        }
        let group = Arc::clone(group);
        drop(all);
        return match job.take_completion().map(|member| group.join(member)) {
            // The other job has ended in the meantime, so this is a new job.
            Some(Err(member)) => {
                job.set_completion(member);
                submit_once(pool, job, hand_in)
            }
            _ => Ok(group),
        };
    }
    let members = job.take_completion().into_iter().collect();
    let group = Arc::new(Group {
        pool,
        content,
        name: name.clone(),
        members: crate::sync::Mutex::new(Members::Pending(members)),
        owner: OnceLock::new(),
        untold: AtomicBool::new(false),
    });
    all.insert(name, Arc::clone(&group));
    drop(all);
    job.set_completion(Box::new(Arc::clone(&group)));
    match hand_in(job) {
        Ok(owner) => {
            let _ = group.owner.set(owner);
            group.tell_owner();
            Ok(group)
        }
        Err(error) => {
            // The members that have joined get the error too.
            group.refuse(error.clone());
            Err(error)
        }
    }
}

/// The futures of one job.
struct Group {
    pool: PoolId,
    content: Content,
    name: Name,
    members: crate::sync::Mutex<Members>,
    owner: OnceLock<Arc<dyn Owner>>,
    /// It was cancelled, and the owner was not notified yet.
    untold: AtomicBool,
}

enum Members {
    Pending(Vec<Box<dyn Completion>>),
    Running(Vec<Box<dyn Completion>>),
    Over,
}

impl Group {
    /// Adds a member, or returns it if the job has ended.
    fn join(&self, member: Box<dyn Completion>) -> Result<(), Box<dyn Completion>> {
        match &mut *lock(&self.members) {
            Members::Pending(members) => members.push(member),
            Members::Running(members) => {
                member.start();
                members.push(member);
            }
            Members::Over => return Err(member),
        }
        Ok(())
    }

    /// Ends the group, if it is pending or if `even_if_running`. The caller must notify the
    /// returned members.
    fn end(&self, even_if_running: bool) -> Option<Vec<Box<dyn Completion>>> {
        let mut members = lock(&self.members);
        match &*members {
            Members::Pending(_) => {}
            Members::Running(_) if even_if_running => {}
            _ => return None,
        }
        let ended = mem::replace(&mut *members, Members::Over);
        drop(members);
        let mut all = under_way();
        if all
            .get(&self.name)
            .is_some_and(|other| std::ptr::eq(&**other, self))
        {
            all.remove(&self.name);
        }
        match ended {
            Members::Pending(members) | Members::Running(members) => Some(members),
            Members::Over => None,
        }
    }

    /// Notifies the owner, once and as soon as there is one, that the job was cancelled.
    fn tell_owner(&self) {
        if let Some(owner) = self.owner.get()
            && self.untold.swap(false, Ordering::SeqCst)
        {
            owner.cancelled();
        }
    }
}

impl Completion for Arc<Group> {
    fn start(&self) -> bool {
        let mut members = lock(&self.members);
        let Members::Pending(list) = &mut *members else {
            return false;
        };
        let list = mem::take(list);
        list.iter().for_each(|member| {
            member.start();
        });
        *members = Members::Running(list);
        true
    }

    fn requeue(&self) {
        let mut members = lock(&self.members);
        if let Members::Running(list) = &mut *members {
            let list = mem::take(list);
            list.iter().for_each(|member| member.requeue());
            *members = Members::Pending(list);
        }
    }

    fn is_pending(&self) -> bool {
        matches!(*lock(&self.members), Members::Pending(_))
    }

    fn finish(&self, answer: Answer<'_>) {
        for member in self.end(true).into_iter().flatten() {
            // A result may be dropped here, which runs user code.
            crate::panics::contain(|| member.finish(answer.clone()));
        }
    }

    fn refuse(&self, error: Error) -> bool {
        let members = self.end(false);
        members
            .iter()
            .flatten()
            .for_each(|member| _ = member.refuse(error.clone()));
        members.is_some()
    }
}

impl Owner for Group {
    fn withdraw(&self) -> bool {
        self.owner.get().is_none_or(|owner| owner.withdraw())
    }

    /// One future was cancelled, which cancels the job for all of them. If a worker has claimed it
    /// at this moment, the others get their result.
    fn cancelled(&self) {
        let Some(members) = self.end(false) else {
            return;
        };
        for member in members {
            member.refuse(Error::Cancelled);
        }
        self.untold.store(true, Ordering::SeqCst);
        self.tell_owner();
    }

    fn stop(&self) -> bool {
        self.owner.get().is_some_and(|owner| owner.stop())
    }

    fn help(&self) {
        if let Some(owner) = self.owner.get() {
            owner.help();
        }
    }

    fn rest(&self) {
        if let Some(owner) = self.owner.get() {
            owner.rest();
        }
    }

    fn pool(&self) -> Option<PoolId> {
        Some(self.pool)
    }
}
