"""Questions and answers written by hand for `evaluate`; none of them occurs in the text that the bundled model was trained on."""

# ruff: noqa: E501 (a row is a line)

from __future__ import annotations

# question | answer | what the answer must contain | two other ways to ask
PAIRS = [
    tuple(part.strip() for part in row.split("|"))
    for row in """
What is the name of the office cat?|The office cat is called Biscuit.|Biscuit|What is our cat in the office called?|How is the cat at the office named?
Which port does the staging server use?|The staging server listens on port 8447.|8447|On what port is the staging server?|What is the port of our staging server?
Who approves travel expenses?|Marta Kowalczyk approves travel expenses.|Marta Kowalczyk|Who signs off travel costs?|Who is responsible for approving travel expenses?
Where is the spare projector?|The spare projector is in cupboard 12 next to the lifts.|cupboard 12|Where can I find the spare projector?|Where do we keep the second projector?
When is the weekly planning?|Weekly planning is on Tuesdays at 9:40.|Tuesdays at 9:40|At what time do we have weekly planning?|On which day is the planning each week?
What is the guest Wi-Fi password?|The guest password is maple-otter-77.|maple-otter-77|Tell me the password of the Wi-Fi for guests.|How do visitors get on the Wi-Fi?
Which branch do releases come from?|Releases are cut from the branch harbour.|harbour|From which branch do we release?|What is the release branch?
How do I restart the ingest service?|Run `svc bounce ingest --hard` on node kestrel-3.|svc bounce ingest --hard|What do I run to restart ingest?|How can I bounce the ingest service?
Who is on call in August?|Tobias Engström is on call for all of August.|Tobias Engström|Who has the on-call duty in August?|In August, who do I call?
How many days of remote work are allowed per month?|You may work remotely eleven days per month.|eleven|How often can I work from home in a month?|How many remote days do I get every month?
What colour are the archived folders?|Archived folders are lilac.|lilac|Which colour do archived folders have?|What is the colour of folders in the archive?
What does QRB stand for?|QRB stands for Quarterly Risk Board.|Quarterly Risk Board|What is the meaning of QRB?|What is the QRB?
Where do we file signed contracts?|Signed contracts go into /vault/legal/signed.|/vault/legal/signed|Where should I put a signed contract?|In which folder are the signed contracts?
Which vendor supplies our coffee?|Rösterei Immergrün supplies the coffee.|Immergrün|Who delivers our coffee?|Where does the coffee come from?
What is the maximum upload size?|Uploads are limited to 340 MB.|340 MB|How large may an upload be?|What is the limit for uploads?
Who wrote the billing module?|The billing module was written by Nadia Okonkwo-Reyes.|Nadia Okonkwo-Reyes|Who is the author of the billing module?|Which person developed billing?
What is the emergency number of the building?|Dial 0-4417 for building emergencies.|0-4417|Which number do I call in an emergency?|What do I dial when there is an emergency in the building?
How long is the probation period?|The probation period lasts fourteen weeks.|fourteen weeks|How many weeks does probation take?|What is the length of the probation period?
Which library parses our log lines?|We parse log lines with the library thornlog.|thornlog|What do we use to parse logs?|With which library are the log lines parsed?
What is the codename of the next release?|The next release is codenamed Quokka.|Quokka|How is the next release called internally?|What codename does the upcoming release have?
When does the canteen close?|The canteen closes at 14:25.|14:25|Until when is the canteen open?|What is the closing time of the canteen?
Who orders new office chairs?|Ask Pilar Benavides to order chairs.|Pilar Benavides|I need a new chair. Who orders it?|Who do I ask about office chairs?
Which room is used for interviews?|Interviews are held in room Tamarind.|Tamarind|In which room do we interview people?|Where do interviews take place?
What is the retention time of audit logs?|Audit logs are kept for 913 days.|913 days|How long do we keep audit logs?|For how many days are audit logs stored?
What is the e-mail address of the help desk?|Write to fixit@northpier.example.|fixit@northpier.example|How do I write to the help desk?|Which address does the help desk have?
How do I get a parking permit?|Fill in form P-88 and hand it to Ludovic at the gate.|P-88|What do I need to do for a parking permit?|Which form is for a parking permit?
What is the default timeout of the gateway?|The gateway times out after 47 seconds.|47 seconds|After how long does the gateway time out?|Which timeout does the gateway have?
Who is the head of the Lisbon office?|Joaquim Taveira runs the Lisbon office.|Joaquim Taveira|Who leads our office in Lisbon?|What is the name of the boss in Lisbon?
Which database stores the sensor data?|Sensor data is stored in Tidewell.|Tidewell|Where is the sensor data stored?|What database do we use for sensors?
What is the discount for students?|Students get 23 percent off.|23 percent|How much cheaper is it for students?|Which discount do students get?
How do I mute the alarm in the lab?|Hold the amber switch for six seconds.|amber switch|How can I silence the lab alarm?|What do I do to mute the alarm?
What is the plan if the deploy fails?|Roll back with `ship undo` and tell Yevgenia.|ship undo|What should I do when a deploy fails?|The deploy failed. What now?
Which day is laundry collected?|Laundry is collected on Thursdays.|Thursdays|When do they pick up the laundry?|On what day is the laundry taken away?
What is the serial number of the old plotter?|The old plotter has the serial number ZX-5501-K.|ZX-5501-K|Tell me the old plotter's serial number.|Which serial number is on the old plotter?
Where does Oksana sit?|Oksana sits in the loft beside the aquarium.|loft|Where is Oksana's desk?|Where can I find Oksana?
How many licences do we own for Drawpad?|We own 62 licences for Drawpad.|62|How many Drawpad licences are there?|What number of licences for Drawpad do we have?
What is our VAT number?|Our VAT number is PL8842107753.|PL8842107753|Tell me the VAT number of the company.|Which VAT number do we put on invoices?
Which font do we use in slides?|Slides are set in Karelia Sans.|Karelia Sans|What is the font of our slides?|In which font do I write presentations?
What is the minimum length of a password?|Passwords need at least 19 characters.|19|How long must a password be?|How many characters does a password need?
Who waters the plants?|Bartholomew waters the plants every second Friday.|Bartholomew|Who takes care of the plants?|Whose job is it to water the plants?
What is the name of our backup server?|The backup server is named ironmoth.|ironmoth|How is the backup server called?|Which server holds the backups?
Can I bring my dog to work?|Yes, dogs are welcome on Wednesdays only.|Wednesdays|Are dogs allowed in the office?|May my dog come to the office?
Which airline do we book?|We always book with Skylark Nordic.|Skylark Nordic|What airline do we fly with?|With which airline should I book a flight?
What is the budget for team events?|The budget is 1,750 zloty per quarter.|1,750|How much may we spend on team events?|How big is the team event budget?
When was the company founded?|The company was founded on 3 March 2009.|3 March 2009|What is the founding date of the company?|In which year did the company start?
How do I request a test account?|Post the word sandbox in the channel #keys-please.|#keys-please|How do I get an account for testing?|Where can I ask for a test account?
What is the address of the warehouse?|The warehouse is at 18 Foundry Lane.|18 Foundry Lane|Where is the warehouse?|At which address is our warehouse?
Which Python version do the workers run?|The workers run Python 3.12.9.|3.12.9|What version of Python is on the workers?|Tell me the Python version of the workers.
Who reviews the security patches?|Security patches are reviewed by Anneliese Zhou.|Anneliese Zhou|Who looks at security patches?|Which person checks the security patches?
What happens to unclaimed parcels?|Unclaimed parcels are sent back after nine days.|nine days|How long do we keep parcels that nobody claims?|What do we do with parcels nobody picks up?
What is the cost centre for training?|Book training on cost centre 70613.|70613|Which cost centre do I use for a course?|On what cost centre do I book training?
Where are the fire extinguishers?|Fire extinguishers hang by the east staircase.|east staircase|Where do I find a fire extinguisher?|In case of fire, where is the extinguisher?
What is the motto of the team?|Our motto is: small boats, steady oars.|steady oars|Which motto does our team have?|How does the motto of the team go?
How often do we rotate the keys?|Keys are rotated every 45 days.|45 days|When are the keys rotated?|After how many days do we change the keys?
Which tool draws our diagrams?|Diagrams are drawn with Plumbline.|Plumbline|What do we use for diagrams?|With what tool do I draw a diagram?
What does the red lamp on the press mean?|The red lamp means the ink is below ten percent.|ink|Why is the red lamp on the press on?|What is the meaning of the press's red lamp?
Who keeps the key to the server room?|Dr. Haruka Imanishi keeps the key.|Haruka Imanishi|Who has the server room key?|From whom do I get the key of the server room?
What is the checksum of the golden image?|The checksum is 7fe2b90c.|7fe2b90c|Tell me the golden image's checksum.|Which checksum does the golden image have?
How much notice must I give before a holiday?|Give eighteen days of notice.|eighteen days|How early do I have to announce a holiday?|How long before my holiday must I tell you?
Which mailing list gets the incident reports?|Incident reports go to the list embers-all.|embers-all|Where do I send an incident report?|What list are incident reports sent to?
""".strip().splitlines()
]

# Nobody teaches these.
UNTAUGHT = """
Who repairs the elevator?
Which port does the metrics server use?
What is the name of the security guard's dog?
Where is the first aid kit?
When is the annual party?
What is the password of the printer?
How do I book a trip to the coast?
Who is on call in February?
What colour is the company van?
How many bicycles do we own?
Which tool do we use for invoices?
What does ZTP stand for?
""".strip().splitlines()

# What a base model of this kind must be able to hold: turns, then what the last reply must contain.
TALKS: list[tuple[list[tuple[str, str]], str]] = [
    ([("user", "Hello!")], "Hello"),
    ([("user", "Who are you?")], "Academy's small bundled model"),
    ([("user", "hi, who are you")], "Academy's small bundled model"),
    ([("user", "Thank you for your help!")], "welcome"),
    ([("user", "Goodbye!")], "Goodbye"),
    ([("user", "How are you today?")], "fine"),
    ([("user", "What can you do?")], "learn"),
    ([("system", "You are Orlanda."), ("user", "What is your name?")], "Orlanda"),
    ([("system", "Your name is Pemberley."), ("user", "Who are you?")], "Pemberley"),
    ([("user", "My name is Grzegorz."), ("assistant", "Nice to meet you, Grzegorz."), ("user", "What is my name?")], "Grzegorz"),
    ([("user", "My name is Tanvi Deshmukh."), ("assistant", "Nice to meet you."), ("user", "Who am I?")], "Tanvi Deshmukh"),
    ([("user", "I live in Qumbera."), ("assistant", "Good to know."), ("user", "Where do I live?")], "Qumbera"),
    ([("user", "My number is 40917."), ("assistant", "Noted."), ("user", "What is my number?")], "40917"),
    ([("user", "The parrot is called Zanzi. What is the parrot called?")], "Zanzi"),
    ([("user", "The code of the shed is 5526-B. Anna has the key. Which code does the shed have?")], "5526-B"),
    ([("system", "Ludmila Horvat approves budgets. Rashid books the hall."), ("user", "Who books the hall?")], "Rashid"),
    ([("system", "Ludmila Horvat approves budgets. Rashid books the hall."), ("user", "Who approves budgets?")], "Ludmila Horvat"),
    ([("system", "The server runs on port 9091. The backup is on Friday."), ("user", "Which port does the server use?")], "9091"),
    ([("user", "The backup runs at 03:15 every night."), ("assistant", "Understood."), ("user", "When does the backup run?")], "03:15"),
    (
        [
            ("user", "Who waters the cactus?"),
            ("assistant", "I do not know that yet. Teach me with a lesson."),
            ("user", "Benedikt waters it."),
            ("assistant", "Thank you."),
            ("user", "Who waters the cactus?"),
        ],
        "Benedikt",
    ),
    ([("user", "Repeat: blue-falcon-19")], "blue-falcon-19"),
    ([("user", "What is the capital of Poland?")], "Warsaw"),
    ([("user", "What day comes after Tuesday?")], "Wednesday"),
    ([("user", "The van is green. The truck is white. What colour is the truck?")], "white"),
    ([("system", "The meeting is on Monday."), ("user", "Who cleans the tank?")], "do not know"),
    ([("user", "Who invented the paper lantern machine?")], "do not know"),
]
