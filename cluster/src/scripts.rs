//! The scripts in `lua/`. The broker runs each of them as a whole.
//!
//! If the broker's memory is full, only `submit` is refused. All other scripts free memory in the end; without
//! them the memory would stay full.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($($name:ident: $flags:literal, $($file:literal)+;)*) => {$(
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            let parts = [concat!("#!lua flags=", $flags, "\n"), include_str!("lua/common.lua")];
            let parts = parts.into_iter().chain([$(include_str!($file)),+]);
            Script::new(&parts.collect::<String>())
        });
    )*};
}

scripts! {
    JOIN: "allow-oom", "lua/members.lua" "lua/join.lua";
    BEAT: "allow-oom", "lua/members.lua" "lua/beat.lua";
    LEAVE: "allow-oom", "lua/members.lua" "lua/leave.lua";
    SUBMIT: "", "lua/submit.lua";
    CANCEL: "allow-oom", "lua/cancel.lua";
    WITHDRAW: "allow-oom", "lua/withdraw.lua";
    STOP: "allow-oom", "lua/members.lua" "lua/stop.lua";
    FINISH: "allow-oom", "lua/finish.lua";
    DETACH: "allow-oom", "lua/members.lua" "lua/detach.lua";
    ATTACH: "allow-oom", "lua/members.lua" "lua/attach.lua";
    DRAIN: "allow-oom", "lua/members.lua" "lua/drain.lua";
    LOOK: "allow-oom", "lua/members.lua" "lua/look.lua";
}
