//! Compiles the wire messages with protox, so that `cargo build` needs no protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["cosigner", "peer", "operator"];
    let paths = files.map(|name| format!("proto/countersign/v1/{name}.proto"));
    for path in &paths {
        println!("cargo:rerun-if-changed={path}");
    }
    let descriptors = protox::compile(&paths, ["proto"])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
