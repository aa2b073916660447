//! A proxy before a broker that can be cut: connections stay open, and nothing passes any more.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A proxy on a port of its own.
pub struct Proxy {
    port: u16,
    is_cut: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Proxy {
    /// Passes everything on to a port of this machine.
    pub fn to(target: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Proxy::on(listener, target)
    }

    /// Passes everything on from a listener that is bound already.
    pub fn on(listener: TcpListener, target: u16) -> Proxy {
        let port = listener.local_addr().expect("an address").port();
        let proxy = Proxy {
            port,
            is_cut: Arc::default(),
            is_over: Arc::default(),
        };
        let (is_cut, is_over) = (Arc::clone(&proxy.is_cut), Arc::clone(&proxy.is_over));
        listener
            .set_nonblocking(true)
            .expect("a listener that does not wait");
        thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((client, _)) => join(client, target, &is_cut, &is_over),
                    Err(_) => thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        proxy
    }

    /// Where to connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets nothing pass any more, or everything again.
    pub fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}

fn join(client: TcpStream, target: u16, is_cut: &Arc<AtomicBool>, is_over: &Arc<AtomicBool>) {
    let Ok(broker) = TcpStream::connect(("127.0.0.1", target)) else {
        let _ = client.shutdown(Shutdown::Both);
        return;
    };
    let (Ok(from), Ok(to)) = (client.try_clone(), broker.try_clone()) else {
        return;
    };
    pass(client, broker, is_cut, is_over);
    pass(to, from, is_cut, is_over);
}

/// Passes bytes one way, on a thread of its own.
fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    is_cut: &Arc<AtomicBool>,
    is_over: &Arc<AtomicBool>,
) {
    let (is_cut, is_over) = (Arc::clone(is_cut), Arc::clone(is_over));
    let _ = from.set_nonblocking(false);
    let _ = from.set_read_timeout(Some(Duration::from_millis(100)));
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(bytes) => {
                    while is_cut.load(Ordering::SeqCst) && !is_over.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_millis(5));
                    }
                    if to.write_all(&buffer[..bytes]).is_err() {
                        break;
                    }
                }
                Err(error) if is_pause(&error) && !is_over.load(Ordering::SeqCst) => {}
                Err(_) => break,
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}

fn is_pause(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
