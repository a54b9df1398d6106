//! A generator: it walks a tree and gives its keys in order, without building a list.
//! Run it: `cargo run -p scheduler --example generator`

use std::pin::Pin;

use scheduler::generator::{Co, generator};

struct Tree {
    left: Option<Box<Tree>>,
    key: u32,
    right: Option<Box<Tree>>,
}

impl Tree {
    fn insert(tree: Option<Box<Tree>>, key: u32) -> Option<Box<Tree>> {
        let (left, right) = (None, None);
        let mut tree = tree.unwrap_or_else(|| Box::new(Tree { left, key, right }));
        match key.cmp(&tree.key) {
            std::cmp::Ordering::Less => tree.left = Tree::insert(tree.left.take(), key),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => tree.right = Tree::insert(tree.right.take(), key),
        }
        Some(tree)
    }

    /// An async function that calls itself must box its future.
    fn walk<'a>(&'a self, co: &'a Co<u32>) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
        Box::pin(async move {
            if let Some(left) = &self.left {
                left.walk(co).await;
            }
            co.yield_(self.key).await;
            if let Some(right) = &self.right {
                right.walk(co).await;
            }
        })
    }
}

fn main() {
    let tree = [5, 2, 8, 1, 9, 3].into_iter().fold(None, Tree::insert);
    let keys = generator(|co| {
        let tree = tree.as_ref();
        async move {
            if let Some(tree) = tree {
                tree.walk(&co).await;
            }
        }
    });
    // The walk stops when no more keys are requested.
    println!("the three smallest: {:?}", keys.take(3).collect::<Vec<_>>());
}
