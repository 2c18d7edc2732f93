(()=>{
const bar=document.querySelector(".bar"),input=bar.querySelector("input"),count=bar.querySelector("output");
const buttons=[...bar.querySelectorAll("button")],steps=[...document.querySelectorAll(".s")],above=s=>s.parentElement.closest(".s");
const texts=new Map();
for(const s of steps){
const own=[...s.firstElementChild.querySelectorAll("b,.q,.v")].map(e=>e.textContent).join("\n").toLowerCase();
texts.set(s,own+"\n"+(texts.get(above(s))||""));
}
let only="";
function show(){
const wanted=input.value.trim().toLowerCase();
const found=steps.filter(s=>texts.get(s).includes(wanted)&&(!only||s.classList.contains(only)));
for(const s of steps)s.hidden=true;
for(const s of found)for(let each=s;each;each=above(each))each.hidden=false;
count.textContent=found.length===steps.length?"":found.length.toLocaleString("en")+" of "+steps.length.toLocaleString("en");
for(const b of buttons)b.setAttribute("aria-pressed",b.value===only);
}
function read(){
const asked=new URLSearchParams(location.hash.slice(1).replace(/\+/g,"%2B"));
input.value=asked.get("q")||"";
only=asked.get("o")||"";
show();
}
function keep(){
const said=[["q",input.value],["o",only]].filter(([,value])=>value).map(([name,value])=>name+"="+encodeURIComponent(value));
history.replaceState(null,"","#"+said.join("&"));
show();
}
input.addEventListener("input",keep);
for(const b of buttons)b.addEventListener("click",()=>{only=b.value===only?"":b.value;keep()});
addEventListener("hashchange",read);
addEventListener("keydown",e=>{if(e.key==="/"&&document.activeElement!==input){e.preventDefault();input.focus()}});
bar.hidden=false;
read();
})();
