use niello_compiler::evaluate::*;
use niello_compiler::*;
use ndarray::*;
use std::path::*;
fn npz(p:&str)->Vec<(String,ArrayD<f32>)>{ let mut r=ndarray_npy::NpzReader::new(std::fs::File::open(p).unwrap()).unwrap(); let mut v=vec![]; for n in r.names().unwrap(){ let k=n.trim_end_matches(".npy").to_string(); if let Ok(a)=r.by_name::<OwnedRepr<f32>,IxDyn>(&n){v.push((k,a));} else if let Ok(a)=r.by_name::<OwnedRepr<i8>,IxDyn>(&n){v.push((k,a.mapv(|x|x as f32)));} } v}
const S:&str="/work/shared";
#[test] fn float(){ for m in ["ad","digit_pair","face_detection","hand_landmark","hello_world","iris_landmark","kws","photo_locator","resnet8","tabular_mixture","vww"]{
 let t=std::time::Instant::now();
 let model=match Model::read(Path::new(&format!("{S}/models/{m}_f32.tflite")),&Options::default()){Ok(m)=>m,Err(e)=>{println!("{m}: {e}");continue}};
 let d=npz(&format!("{S}/data/{m}_evaluation.npz")); let g=npz(&format!("{S}/golden/{m}_f32.npz"));
 let n=g[0].1.shape()[0].min(20); let mut worst:f32=0.;
 for i in 0..n { let ins:Vec<Vec<f32>>=model.inputs().iter().map(|p| d.iter().find(|x|x.0==p.name).unwrap().1.index_axis(Axis(0),i).iter().copied().collect()).collect();
  let refs:Vec<&[f32]>=ins.iter().map(|v|v.as_slice()).collect(); let out=model.run(&refs).unwrap();
  for (o,p) in out.iter().zip(model.outputs()){ let want=g.iter().find(|x|x.0==format!("out:{}",p.name)).expect(&p.name).1.index_axis(Axis(0),i).to_owned(); let mx=want.iter().fold(0f32,|m,x|m.max(x.abs())); let e=o.iter().zip(want.iter()).fold(0f32,|m,(a,b)|m.max((a-b).abs()))/mx.max(1e-9); worst=worst.max(e);} }
 println!("{m}: rel {worst:e} {:?}",t.elapsed()); } }
#[test] fn int8(){ for m in ["ad","digit_pair","hello_world","kws","photo_locator","resnet8","tabular_mixture","vww","streaming_wakeword","micro_speech"]{ for t in ["","_tap"]{
 let model=match Model::read(Path::new(&format!("{S}/models/{m}{t}_i8.tflite")),&Options::default()){Ok(m)=>m,Err(e)=>{println!("{m}{t}: {e}");continue}};
 let q=match model.quantize(&Request{model:PathBuf::new(),dataset:None,options:Options::default(),cache:None}){Ok(m)=>m,Err(e)=>{println!("{m}{t}: {e}");continue}};
 let g=npz(&format!("{S}/golden/{m}{t}_i8.npz")); let (mut bad,mut all,mut arena)=(0,0,0);
 for i in 0..16 { let ins:Vec<Data>=model.inputs().iter().map(|p| Data::I8(g.iter().find(|x|x.0==format!("in:{}",p.name)).unwrap().1.index_axis(Axis(0),i).iter().map(|x|*x as i8).collect())).collect();
  let out=q.run(&ins); if q.run_in_arena(&ins)!=out {arena+=1;}
  for (o,p) in out.iter().zip(model.outputs()){ let want:Vec<i8>=g.iter().find(|x|x.0==format!("out:{}",p.name)).expect(&p.name).1.index_axis(Axis(0),i).iter().map(|x|*x as i8).collect(); let Data::I8(o)=o else{panic!()}; all+=o.len(); bad+=o.iter().zip(&want).filter(|(a,b)|a!=b).count(); } }
 println!("{m}{t}: {bad}/{all} arena-diff {arena} arena {}",q.arena_bytes()); } } }
#[test] fn sqnr(){ let only=std::env::var("M").ok(); let meth=match std::env::var("C").as_deref(){Ok("mse")=>Method::Mse,Ok("entropy")=>Method::Entropy,Ok("p")=>Method::Percentile(99.99),_=>Method::MinMax}; for m in ["ad","digit_pair","face_detection","hand_landmark","hello_world","iris_landmark","kws","photo_locator","resnet8","tabular_mixture","vww"]{ if only.as_deref().is_some_and(|o|o!=m){continue}
 let t=std::time::Instant::now();
 let options=Options{calibration:meth,bias_correction:std::env::var("NB").is_err(),..Options::default()};
 let model=Model::read(Path::new(&format!("{S}/models/{m}_f32.tflite")),&options).unwrap();
 let q=model.quantize(&Request{model:PathBuf::new(),dataset:Some(format!("{S}/data/{m}_calibration.npz").into()),options:options.clone(),cache:None}).unwrap();
 let tq=t.elapsed();
 let mut eo=options.clone(); eo.samples=None; 
 let a=q.accuracy(Path::new(&format!("{S}/data/{m}_evaluation.npz")),&eo).unwrap();
 print!("{m:16} {tq:.1?} {:.1?}: ",t.elapsed()); for (p,a) in model.outputs().iter().zip(&a){print!("{} {:.2} dB top1 {:.3}; ",p.name,a.sqnr_db,a.top1)} println!();
 if std::env::var("W").is_ok(){println!("{}",q.worst_operators(Path::new(&format!("{S}/data/{m}_evaluation.npz")),&Options{samples:Some(20),..eo},40).unwrap())}
 } }
