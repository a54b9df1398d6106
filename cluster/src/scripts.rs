//! The scripts that the broker runs, each as a whole: `lua/`.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($($name:ident: $file:literal,)*) => {$(
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("lua/common.lua"), include_str!($file)))
        });
    )*};
}

scripts! {
    JOIN: "lua/join.lua",
    BEAT: "lua/beat.lua",
    LEAVE: "lua/leave.lua",
    SUBMIT: "lua/submit.lua",
    CANCEL: "lua/cancel.lua",
    WITHDRAW: "lua/withdraw.lua",
    STOP: "lua/stop.lua",
    FINISH: "lua/finish.lua",
    DETACH: "lua/detach.lua",
    ATTACH: "lua/attach.lua",
    DRAIN: "lua/drain.lua",
    LOOK: "lua/look.lua",
}
