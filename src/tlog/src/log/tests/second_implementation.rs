//! Other people's code reads what our log has written: note, checkpoint, tiles, inclusion and consistency.

use std::fs;
use std::path::PathBuf;

use tlog_tiles::{HashReader as _, Tile, TileHashReader, TileReader};

use super::*;
use crate::proof::LogProof;

/// Gives the second implementation our files.
struct Files(PathBuf);

impl TileReader for Files {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| fs::read(self.0.join(tile.path().replacen("tile/8/", "tile/", 1)));
        tiles.iter().map(|tile| read(tile).map_err(|_| tlog_tiles::Error::InvalidTile)).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn their_checkpoint(folder: &Path) -> tlog_tiles::Checkpoint {
    let note = fs::read(folder.join("checkpoint")).unwrap();
    let verifier = signed_note::StandardVerifier::new(&key().to_string()).unwrap();
    let note = signed_note::Note::from_bytes(&note).unwrap();
    note.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).unwrap();
    tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap()
}

#[tokio::test]
async fn they_accept_our_checkpoints_tiles_and_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let mut earlier: Option<tlog_tiles::Checkpoint> = None;
    let (mut before, mut proofs) = (0, 0);
    for size in [1, 2, 255, 256, 257, 700, 66_000] {
        append_many(&log, before..size).await;
        before = size;
        log.publish().await.unwrap();
        let checkpoint = their_checkpoint(folder.path());
        assert_eq!(checkpoint.size(), size);
        let tiles = Files(folder.path().to_owned());
        let hashes = TileHashReader::new(size, *checkpoint.hash(), &tiles);
        assert_eq!(tlog_tiles::tree_hash(size, &hashes).unwrap(), *checkpoint.hash());
        let reader = Reader::open(folder.path(), &key()).unwrap();
        for index in [0, 1, size / 2, size - 1].into_iter().filter(|index| *index < size) {
            let leaf = tlog_tiles::record_hash(&entry(index));
            assert_eq!(hashes.read_hashes(&[tlog_tiles::stored_hash_index(0, index)]).unwrap(), [leaf]);
            let ours = LogProof::parse(&reader.prove(index).unwrap().unwrap().to_string()).unwrap();
            assert_eq!(ours.verify(&entry(index), &key()).unwrap().size(), size);
            let path: Vec<_> = ours.path().iter().map(|hash| tlog_tiles::Hash(*hash.as_bytes())).collect();
            tlog_tiles::check_record(&path, size, *checkpoint.hash(), index, leaf).unwrap();
            assert_eq!(path, tlog_tiles::prove_record(size, index, &hashes).unwrap());
            proofs += 1;
        }
        assert_eq!(reader.prove(size).unwrap(), None);
        if let Some(earlier) = earlier {
            let folder = crate::folder::Folder::new(folder.path(), size);
            let ours = crate::merkle::consistency_proof(&folder, earlier.size(), size).unwrap().unwrap();
            let ours: Vec<_> = ours.iter().map(|hash| tlog_tiles::Hash(*hash.as_bytes())).collect();
            tlog_tiles::check_tree(&ours, size, *checkpoint.hash(), earlier.size(), *earlier.hash()).unwrap();
        }
        earlier = Some(checkpoint);
    }
    assert_eq!(proofs, 27);
    assert!(folder.path().join("tile/2/000.p/1").exists());
}

/// The private key with which the Go implementation of notes is tested.
const PETER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

#[test]
fn we_read_what_they_sign() {
    let text = tlog_tiles::Checkpoint::new("PeterNeumann", 0, tlog_tiles::EMPTY_HASH, "").unwrap().to_bytes();
    let mut note = signed_note::Note::new(&text, &[]).unwrap();
    note.add_sigs(&[&signed_note::StandardSigner::new(PETER).unwrap()]).unwrap();
    let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let checkpoint = crate::checkpoint::Checkpoint::open(&note.to_bytes(), &key).unwrap();
    assert_eq!((checkpoint.size(), checkpoint.root()), (0, crate::merkle::TreeHash::EMPTY));
}
